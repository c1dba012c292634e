import re

from raystudy.study import Recipe
from raystudy.training.corpora import documents
from raystudy.training.corpora.stories import DOCUMENTS, story


def test_a_number_always_tells_the_same_story() -> None:
    """A story depends on its number alone; this one is part of the first edition for ever."""
    told = story(0)

    assert told == (
        "In a small house near the pond lived Ivy, a funny duck. Every afternoon she met Mei, the patient frog. One "
        'snowy afternoon, there was a small chick under the bed. "I cannot find my mother," said the chick. "Do not '
        'cry," said Ivy. "We will take you home." Ivy called and Mei listened. Far away, somebody called back. "Thank '
        'you for my baby," said the mother. "You are good friends." Ivy was tired and happy, and she went home to her '
        "uncle."
    )


def test_stories_are_practically_all_distinct() -> None:
    """There is enough to combine that the default number of stories holds no story twice."""
    stories = list(documents(Recipe(corpus="stories"), allow_hub=False))

    assert len(set(stories)) == DOCUMENTS


def test_no_slot_is_left_open() -> None:
    """Every word in braces is filled in, and "a" before a vowel is "an"."""
    text = " ".join(story(number) for number in range(2000))

    assert re.findall(r"[{}]|  |\b[Aa] [aeiou]\w*", text) == []


def test_a_larger_corpus_begins_with_the_smaller_one() -> None:
    """Asking for more stories adds stories and changes none."""
    few, more = (
        list(documents(Recipe(corpus="stories", corpus_documents=number), allow_hub=False)) for number in (5, 9)
    )

    assert more[:5] == few
