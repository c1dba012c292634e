"""Labelled examples as the training reads them: prompts and choices as tokens, in one folder that is written once.

stdlib_areas-1f0c…/manifest.json                counts, classes and fingerprints
                   tokenizer.json               of every tokenizer, also the built-in ones
                   train.npz, heldout.npz       the arrays of each side

An example is a prompt and its choices, one of which is right; no end of text is among their tokens.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from raystudy.errors import CorpusError
from raystudy.training.corpora.prepared import Counts, Tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """The examples of one side, in the order of their hashes."""

    prompts: Tokens = field(repr=False)
    """Tokens of all prompts, end to end, each cut so that it fits the context together with its longest choice."""
    prompt_offsets: Counts = field(repr=False)
    """Start of each prompt in `prompts`, then the end: one more than there are examples."""
    choices: Tokens = field(repr=False)
    """Tokens of all choices of all examples, end to end."""
    choice_offsets: Counts = field(repr=False)
    """Start of each choice in `choices`, then the end: one more than there are choices."""
    first_choices: Counts = field(repr=False)
    """Where the choices of each example begin among all choices, then the end: one more than there are examples."""
    answers: Counts = field(repr=False)
    """Which of its own choices is right, counted from 0."""
    answer_classes: Counts = field(repr=False)
    """Which of the task's classes the right answer is."""
    prompt_bytes: Counts = field(repr=False)
    """UTF-8 bytes of each prompt after the cut."""
    answer_bytes: Counts = field(repr=False)
    """UTF-8 bytes of each right answer."""
    cut: npt.NDArray[np.bool_] = field(repr=False)
    """Whether the prompt had to be cut."""
    names: npt.NDArray[np.str_] = field(repr=False)
    """The first 12 digits of the sha256 of each example: its identity, whatever the tokenizer."""

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def n_choices(self) -> Counts:
        """How many choices each example has."""
        return np.diff(self.first_choices)

    @property
    def right(self) -> Counts:
        """Where the right answer of each example lies among all choices."""
        return self.first_choices[:-1] + self.answers

    @property
    def prompt_lengths(self) -> Counts:
        """Tokens of each prompt."""
        return np.diff(self.prompt_offsets)

    @property
    def choice_lengths(self) -> Counts:
        """Tokens of each choice, of all examples."""
        return np.diff(self.choice_offsets)

    @property
    def lengths(self) -> Counts:
        """Tokens of each example, prompt and right answer: what it takes of a budget."""
        return self.prompt_lengths + self.choice_lengths[self.right]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Labelled examples ready for training and for evaluation."""

    name: str
    train: Examples
    heldout: Examples
    classes: tuple[str, ...]
    """The right answers that there are: labels, or the letters of choices."""
    fingerprint: str
    """The sha256 over the ordered examples of both sides."""
    tokenizer_fingerprint: str
    vocabulary: int
    """Entries of the tokenizer, the end of text among them."""
    eos: int
    tokenizer_file: Path
    duplicates: int
    """Examples left out because the corpus held them already."""
    told: tuple[str, ...] = ()
    """Doubts about the corpus, a short sentence each."""


def write(folder: Path, *, train: Examples, heldout: Examples, manifest: Mapping[str, object]) -> None:
    """Write a prepared task into a folder that nobody reads yet; its tokenizer.json is there already."""
    for name, side in (("train", train), ("heldout", heldout)):
        np.savez(folder / f"{name}.npz", **{each.name: getattr(side, each.name) for each in dataclasses.fields(side)})
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def open_task(folder: Path) -> Task:
    """Open a prepared task; raises CorpusError where somebody has damaged it."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return Task(
            name=manifest["corpus"],
            train=_side(folder / "train.npz"),
            heldout=_side(folder / "heldout.npz"),
            classes=tuple(manifest["classes"]),
            fingerprint=manifest["fingerprint"],
            tokenizer_fingerprint=manifest["tokenizer_fingerprint"],
            vocabulary=manifest["vocabulary"],
            eos=manifest["eos"],
            tokenizer_file=folder / "tokenizer.json",
            duplicates=manifest["duplicates"],
            told=tuple(manifest["told"]),
        )
    except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"The prepared examples in {folder} are damaged ({error}). Remove that folder; it is made again."
        ) from error


def _side(file: Path) -> Examples:
    with file.open("rb") as opened, np.load(opened) as arrays:
        return Examples(**arrays)
