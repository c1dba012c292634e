"""`labelled`: the user's own examples, one row each, in a .csv, .jsonl or .parquet file.

corpus_column, label_column          a text and its label
question, choices, answer            choices: a list, in a CSV a JSON list; or the columns A, B, C, D
                                     answer: the text of a choice, its letter, or its number counted from 0
"""

import itertools
import json
import string
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora.files import existing_path, reading, stamps
from raystudy.training.tasks.example import Example, Source, distinct, labelled_text, question
from raystudy.training.tasks.rows import ROWS, Row, encodable

_LETTERS = "ABCD"


def examples(recipe: Recipe, *, allow_hub: bool) -> Iterator[Example]:  # noqa: ARG001 - a file needs no hub
    """Yield the examples of the file; raises CorpusError with the line and what is wrong in it."""
    file = _file(recipe)
    with reading(file):
        rows = ROWS[file.suffix.lower()](file)
        first = next(rows, None)
        if first is None:
            raise CorpusError(f"{file} holds no examples. Give a file with a row for each of them.")
        read = _reader(first, recipe)
        yield from (read(row, recipe) for row in itertools.chain([first], rows))


def identity(recipe: Recipe) -> Mapping[str, object]:
    """Name the file with its size and time of change."""
    return {"files": stamps([_file(recipe)])}


def _file(recipe: Recipe) -> Path:
    path = existing_path(recipe)
    if not path.is_file() or path.suffix.lower() not in ROWS:
        raise CorpusError(
            f"recipe.corpus_path = {path} is no file of labelled examples; give one of: {', '.join(ROWS)}."
        )
    return path


def _reader(first: Row, recipe: Recipe) -> Callable[[Row, Recipe], Example]:
    """Say by its first row what a file holds."""
    if recipe.label_column in first.cells:
        return _text
    if {"question", "answer"} <= first.cells.keys():
        return _question
    raise CorpusError(
        f"{first.where} has neither a column {recipe.label_column!r} (recipe.label_column) nor question, choices and "
        f"answer; it has: {', '.join(first.cells)}. Set recipe.label_column, or rename the columns."
    )


def _text(row: Row, recipe: Recipe) -> Example:
    return labelled_text(
        row.text(recipe.corpus_column, advice="Set recipe.corpus_column."),
        row.text(recipe.label_column, advice="Set recipe.label_column."),
        group=_group(row, recipe),
        where=row.where,
    )


def _question(row: Row, recipe: Recipe) -> Example:
    asked = row.text("question", advice="Rename the column.")
    choices = distinct(_choices(row), where=row.where)
    right = _place(row.cells.get("answer"), choices, where=row.where)
    return question(asked, choices, right, group=_group(row, recipe), where=row.where)


def _group(row: Row, recipe: Recipe) -> str | None:
    """Return the group of a row; one without any stands alone."""
    return row.text(recipe.group_column, advice="Set recipe.group_column.") if recipe.group_column else None


def _choices(row: Row) -> list[str]:
    said = row.cells.get("choices")
    if "choices" not in row.cells:
        return [row.text(letter, advice="Give choices as a list, or as columns A, B, C, D.") for letter in _LETTERS]
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except json.JSONDecodeError:
            said = None
    if not isinstance(said, list) or not all(isinstance(choice, str | int | float) for choice in said):
        raise CorpusError(
            f'{row.where}: \'choices\' is no list of texts. Write it as a list, in a CSV as JSON: ["red", "blue"].'
        )
    return [encodable(str(choice)) for choice in said]


def _place(answer: object, choices: tuple[str, ...], *, where: str) -> int:
    """Return which choice an answer means, counted from 0, as text, letter or number; raises CorpusError if unsure."""
    if isinstance(answer, int) and not isinstance(answer, bool):
        meant = {answer} & set(range(len(choices)))
    else:
        said = str(answer).strip()
        letters = tuple(string.ascii_uppercase[: len(choices)])
        numbers = tuple(str(number) for number in range(len(choices)))
        meant = {names.index(said) for names in (choices, letters, numbers) if said in names}
    if len(meant) != 1:
        found = "is more than one of the choices" if meant else "is none of the choices"
        last = len(choices) - 1
        raise CorpusError(
            f"{where}: the answer {answer!r} {found}, as text, as letter (A to {string.ascii_uppercase[last]}) or as "
            f"number (0 to {last}). Write one that means one of them."
        )
    return meant.pop()


SOURCE = Source(examples=examples, identity=identity)
