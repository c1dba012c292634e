import pytest

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.tasks.example import Example
from raystudy.training.tasks.prompts import Writing, writing

TEXT = Example(value="Read a frame.", answer="network", group="a")
QUESTION = Example(value="Which bone?", answer="the jaw", choices=("the skull", "the jaw"), group="b")
LABELS = ("files", "network")


def written(*, of_questions: bool, **recipe: object) -> Writing:
    """Return how a recipe writes examples."""
    fields = Recipe.model_validate(recipe)
    return writing(fields, LABELS, of_questions=of_questions, text_prompt="{text}\nArea:")


def test_a_text_is_followed_by_any_label() -> None:
    """By default the corpus' own prompt; each answer begins with the space that parts it from the prompt."""
    how = written(of_questions=False)

    assert (how.prompt(TEXT, TEXT.value), how.answers(TEXT), how.right(TEXT)) == (
        "Read a frame.\nArea:",
        [" files", " network"],
        1,
    )


def test_a_question_is_followed_by_its_choices() -> None:
    """The text of the choices is compared; the prompt does not show them."""
    how = written(of_questions=True)

    assert (how.prompt(QUESTION, QUESTION.value), how.answers(QUESTION), how.right(QUESTION)) == (
        "Which bone?\nAnswer:",
        [" the skull", " the jaw"],
        1,
    )


def test_letters_stand_for_choices_that_are_shown() -> None:
    """With answer_as = "letter" the prompt lists the choices, and letters follow."""
    how = written(of_questions=True, answer_as="letter")

    assert (how.prompt(QUESTION, QUESTION.value), how.answers(QUESTION)) == (
        "Which bone?\nA. the skull\nB. the jaw\nAnswer:",
        [" A", " B"],
    )


def test_the_recipe_has_its_own_words() -> None:
    """Doubled braces are braces; braces in the text itself mean nothing."""
    how = written(of_questions=False, prompt="{{doc}} {text} is about")

    assert how.prompt(TEXT, "{choices} {0}") == "{doc} {choices} {0} is about"


@pytest.mark.parametrize(
    ("of_questions", "recipe", "said"),
    [
        (False, {"prompt": "{question}"}, "recipe.prompt = '{question}' has the field {question}; it takes: {text}."),
        (True, {"prompt": "{text}"}, "recipe.prompt = '{text}' has the field {text}; it takes: {question}, {choices}."),
        (False, {"prompt": "{text.__class__}"}, "has the field {text.__class__}; it takes: {text}."),
        (False, {"prompt": "{text!r:>9}"}, "has the field {text!r:>9}; it takes: {text}."),
        (False, {"prompt": "{}"}, "has the field {}; it takes: {text}."),
        (False, {"prompt": "Area:"}, "has {text} 0 times; it needs it once."),
        (False, {"prompt": "{text} {text}"}, "has {text} 2 times; it needs it once."),
        (True, {"prompt": "{choices}"}, "has {question} 0 times; it needs it once."),
        (False, {"prompt": "{text"}, "is no template: expected '}' before end of string."),
        (False, {"answer_as": "letter"}, "texts with labels, which have no letters."),
        (True, {"answer_as": "letter", "prompt": "{question}"}, "does not show the choices"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(of_questions: bool, recipe: dict[str, str], said: str) -> None:  # noqa: FBT001
    """Only the fields of the examples, plain, and the one that they are about once; letters need choices."""
    with pytest.raises(CorpusError) as refused:
        written(of_questions=of_questions, **recipe)

    assert said in str(refused.value)
