"""Simple children's stories from a seeded generator: synthetic text, any amount of it, no download.

number of the story ──seed──▶ characters, words, plot ──sentences──▶ story

The same number always gives the same story, so a larger corpus begins with the smaller one. The language is small on
purpose: a model of a million parameters can learn it, and the reports label it synthetic.
"""

import functools
import json
import random
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import chain

from raystudy.study import Recipe
from raystudy.training.corpora.source import Source
from raystudy.training.corpora.storybook import (
    ANIMALS,
    CHILDREN,
    ENDINGS,
    HE,
    NAMES,
    OPENINGS,
    SHE,
    WORDS,
    Plot,
)

DOCUMENTS = 20_000
"""How many stories there are where the recipe does not say."""
EDITION = 1
"""Counts the changes of words and plots: another edition is another corpus."""


def documents(recipe: Recipe, *, allow_hub: bool) -> Iterator[str]:  # noqa: ARG001 - made here
    """Yield as many stories as the recipe asks for."""
    return (story(number) for number in range(recipe.corpus_documents or DOCUMENTS))


def identity(_recipe: Recipe) -> Mapping[str, object]:
    """Name the edition."""
    return {"edition": EDITION}


def story(number: int) -> str:
    """Tell the story of that number."""
    chance = random.Random(f"story {number}")
    words = _characters(chance) | {slot: chance.choice(choices) for slot, choices in WORDS.items()}
    steps = chain(OPENINGS, chance.choice(_plots()), ENDINGS)
    sentences = " ".join(chance.choice(step).format_map(words) for step in steps)
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", sentences)


@functools.cache
def _plots() -> tuple[Plot, ...]:
    """Return what may happen; plots.json names each plot."""
    return tuple(json.loads(files(__package__).joinpath("plots.json").read_text(encoding="utf-8")).values())


def _characters(chance: random.Random) -> dict[str, str]:
    """Draw hero and friend: names, kinds and pronouns."""
    hero, friend = _character(chance, hero=True), _character(chance, hero=False)
    while hero["hero"] == friend["friend"]:
        friend = _character(chance, hero=False)
    return hero | friend


def _character(chance: random.Random, *, hero: bool) -> dict[str, str]:
    pronouns = chance.choice((SHE, HE))
    is_child = chance.random() < (0.6 if hero else 0.4)
    kind = CHILDREN[pronouns] if is_child else chance.choice(ANIMALS)
    prefix = "" if hero else "f_"
    slots = {f"{prefix}{slot}": word for slot, word in zip(("he", "him", "his"), pronouns, strict=True)}
    capitals = {f"{prefix}{slot}": word.capitalize() for slot, word in zip(("He", "Him", "His"), pronouns, strict=True)}
    return slots | capitals | {f"{prefix}kind": kind, "hero" if hero else "friend": chance.choice(NAMES[pronouns])}


SOURCE = Source(documents=documents, identity=identity, synthetic=True)
