"""`mmlu`: questions of one subject with four choices (arXiv 2009.03300), from its CSV files or from the hub.

A file has no header; a row is question, A, B, C, D, letter of the answer, and a question may hold line breaks. P3
splits the file of the name `test`, a fifth of which it evaluates on; so does this.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora.files import existing_path, reading, stamps
from raystudy.training.hub import asking_hub, require_hub
from raystudy.training.tasks.example import Example, Source, distinct, place_of_letter, question
from raystudy.training.tasks.rows import cells_of_csv, refuse_other_width

HUB_ID = "cais/mmlu"
_SPLIT = "test"
_CELLS = ("question", "A", "B", "C", "D", "answer")


def examples(recipe: Recipe, *, allow_hub: bool) -> Iterator[Example]:
    """Yield the questions of a subject; raises HubError at once where the hub is needed and not to be had."""
    if recipe.corpus_path is not None:
        return _from_csv(_file(recipe))
    what = f"the subject {recipe.corpus_subject} of {HUB_ID}"
    require_hub(what, allow_hub=allow_hub, instead="corpus_path with the folder of its CSV files")
    return _streamed(recipe, what=what)


def identity(recipe: Recipe) -> Mapping[str, object]:
    """Name the subject, and the file with its size and time of change where there is one."""
    files = stamps([_file(recipe)]) if recipe.corpus_path is not None else None
    return {"subject": recipe.corpus_subject, "files": files}


def from_rows(rows: Iterable[Mapping[str, object]], *, of: str) -> Iterator[Example]:
    """Yield the questions of the hub's rows: question, choices as a list, answer as a number counted from 0."""
    for number, row in enumerate(rows, start=1):
        where = f"{of}, row {number}"
        asked, choices, answer = row.get("question"), row.get("choices"), row.get("answer")
        if not isinstance(asked, str) or not isinstance(choices, list) or not isinstance(answer, int):
            raise CorpusError(f"{where} is no question with choices and answer; it has: {', '.join(row)}.")
        if answer not in range(len(choices)):
            raise CorpusError(f"{where} has the answer {answer}, but {len(choices)} choices, counted from 0.")
        yield question(asked, distinct(map(str, choices), where=where), answer, group=None, where=where)


def _streamed(recipe: Recipe, *, what: str) -> Iterator[Example]:
    with asking_hub(what):
        from datasets import load_dataset

        yield from from_rows(load_dataset(HUB_ID, recipe.corpus_subject, split=_SPLIT, streaming=True), of=what)


def _from_csv(file: Path) -> Iterator[Example]:
    with reading(file):
        for where, cells in cells_of_csv(file):
            refuse_other_width(cells, where=where, expected=len(_CELLS), of=", ".join(_CELLS))
            asked, *choices, letter = cells
            right = place_of_letter(letter.strip(), len(choices), where=where)
            yield question(asked, distinct(choices, where=where), right, group=None, where=where)


def _file(recipe: Recipe) -> Path:
    """Return the recipe's file, or that of its subject in the recipe's folder."""
    path = existing_path(recipe)
    if path.is_file():
        return path
    file = path / _SPLIT / f"{recipe.corpus_subject}_{_SPLIT}.csv"
    if not file.is_file():
        names = sorted(other.name.removesuffix(f"_{_SPLIT}.csv") for other in file.parent.glob(f"*_{_SPLIT}.csv"))
        advice = (
            f"It has: {', '.join(names)}." if names else f"Give the folder that holds {_SPLIT}/SUBJECT_{_SPLIT}.csv."
        )
        raise CorpusError(f"{file.parent} has no file for corpus_subject = {recipe.corpus_subject!r}. {advice}")
    return file


SOURCE = Source(examples=examples, identity=identity)
