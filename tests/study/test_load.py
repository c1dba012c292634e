"""A study file is read into frozen models, or refused with one sentence a mistake."""

from pathlib import Path

import pytest

from raystudy.errors import StudyFileError
from raystudy.study import Study, load, parse

GOOD = """
kind = "efficiency"
name = "s"
question = "Does it?"
repetitions = 2
[recipe]
tokens = 1000
[factors]
tokens = [1000, 2000]
"""


def said(text: str) -> str:
    """Return what is said of a study file."""
    with pytest.raises(StudyFileError) as refused:
        parse(text, name="s.toml")
    return str(refused.value)


def test_levels_replace_recipe_fields() -> None:
    """A condition is a replacement of recipe fields."""
    study = parse(GOOD, name="s.toml")

    assert [1000, 2000] == [condition.applied_to(study.recipe).tokens for condition in study.conditions]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("repetitions", "repetition", "s.toml: repetition is not a key. Did you mean repetitions?"),
        ("[recipe]\ntokens", "[recipe]\ntoken", "s.toml: recipe.token is not a key. Did you mean tokens?"),
        ("[1000, 2000]", "[0, 2000]", "s.toml: factors.tokens.0 = 0: input should be greater than 0."),
        ("[1000, 2000]", "[1000, 1000]", "s.toml: factors.tokens names a level twice: 1000, 1000."),
        ("\ntokens = [", "\ntoken = [", "s.toml: factors.token is not a field of the recipe. Did you mean tokens?"),
        (
            '"efficiency"',
            '"eficiency"',
            "s.toml: kind = 'eficiency': input should be 'efficiency', 'dynamics' or 'composition'. Did you mean eff",
        ),
        ('name = "s"', 'name = "a/b"', "s.toml: name = 'a/b': it should be letters, digits"),
        ('question = "Does it?"\n', "", "s.toml: question is missing; every study gives it."),
        ("repetitions = 2", "repetitions = ", "s.toml is not TOML"),
        ("\ntokens = 1000", "\ntokens = 1000\nepochs = 2", "a recipe gives its budget as tokens or as epochs"),
    ],
)
def test_a_mistake_is_one_sentence(old: str, new: str, sentence: str) -> None:
    """A mistake is told with the file, the key, what was found, what is allowed and the nearest legal name."""
    assert GOOD.replace(old, new) != GOOD

    assert sentence in said(GOOD.replace(old, new))


def test_every_mistake_is_told() -> None:
    """Two mistakes give two lines, so that one run mends both."""
    text = GOOD.replace("repetitions = 2", "repetitions = 0").replace("[recipe]", "[recipe]\ncontex = 3")

    assert 2 == len(said(text).splitlines())


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    """A misspelt path is answered with the nearest study file beside it."""
    (tmp_path / "laptop.toml").write_text(GOOD)

    with pytest.raises(StudyFileError, match=r"Did you mean .*laptop\.toml"):
        load(tmp_path / "labtop.toml")


def test_every_key_is_documented() -> None:
    """The JSON Schema says of each key of a study file what it means."""
    schema = Study.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    undocumented = [
        key for model in models for key, value in model.get("properties", {}).items() if "description" not in value
    ]

    assert [] == undocumented


def test_every_job_is_a_study() -> None:
    """The files in jobs/ load."""
    jobs = Path(__file__).parents[2] / "jobs"

    assert all(load(file).conditions for file in jobs.glob("*.toml"))


EXAMPLES = """
kind = "composition"
name = "s"
question = "Does it?"
repetitions = 2
[recipe]
corpus = "stdlib-areas"
[pretraining]
corpus = "stdlib-areas-text"
[factors]
sampler = ["few_long", "many_short"]
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            '"composition"',
            '"efficiency"',
            'stdlib-areas holds examples with a right answer, which a study of kind "eff',
        ),
        ('"stdlib-areas"', '"stdlib"', 'sampler chooses among labelled examples, and corpus = "stdlib" has none'),
        ("-areas-text", '-areas-text"\nfinetuning = "lora', "[pretraining] trains all weights of a model"),
        ("[pretraining]", "pretrained = false\n[pretraining]", "pretrained = false takes random weights"),
        ("[factors]", "[factors]\npretrained = [true, false]", "pretrained = false takes random weights"),
        ("[pretraining]", 'packing = "truncated"\n[pretraining]', "packing is for plain text"),
        ("[factors]", '[factors]\npacking = ["packed", "truncated"]', "packing is for plain text"),
        ("[pretraining]", "sentence_perplexity = true\n[pretraining]", "sentence_perplexity is for plain text"),
    ],
)
def test_what_does_nothing_is_refused(old: str, new: str, sentence: str) -> None:
    """A key that could have no effect, or that belongs to studies of another kind, is told before anything runs."""
    assert parse(EXAMPLES, name="s.toml").recipe.labelled

    assert sentence in said(EXAMPLES.replace(old, new))


def test_a_labelled_corpus_may_be_a_level() -> None:
    """Also as a level of a factor it belongs to studies of composition."""
    assert "stdlib-areas holds examples" in said(
        GOOD.replace("tokens = [1000, 2000]", 'corpus = ["stdlib", "stdlib-areas"]')
    )
