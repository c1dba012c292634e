"""The user's own text: a file, or a folder of files, read document by document.

.txt      split at `<|endoftext|>`
.jsonl    one object a line, its text under `corpus_column`
.json     a list of objects, as llama2.c's TinyStories shards: text under `corpus_column`, else under "story"
.parquet  one row a document, its text in `corpus_column`
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora.source import Source

END_OF_TEXT = "<|endoftext|>"


def documents(recipe: Recipe, *, allow_hub: bool) -> Iterator[str]:  # noqa: ARG001 - files need no hub
    """Yield the documents of the file or folder; raises CorpusError with the file and what is wrong in it."""
    for file in _files(recipe):
        with reading(file):
            yield from READERS[file.suffix.lower()](file, recipe.corpus_column)


def identity(recipe: Recipe) -> Mapping[str, object]:
    """Name the files with their sizes and times of change."""
    return {"files": stamps(_files(recipe))}


def stamps(files: list[Path]) -> list[list[object]]:
    """Return path, size and time of change of each file: what tells that somebody has edited it."""
    stats = [(file, file.stat()) for file in files]
    return [[str(file.resolve()), stat.st_size, stat.st_mtime_ns] for file, stat in stats]


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Turn what fails while a file of text is read into CorpusErrors."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{file} is not UTF-8 text: byte 0x{error.object[error.start]:02x} ({error.reason}). "
            "Convert it, for instance with iconv -t UTF-8."
        ) from error
    except OSError as error:
        raise CorpusError(f"{file} cannot be read: {error.strerror or error}.") from error


def existing_path(recipe: Recipe) -> Path:
    """Return the recipe's corpus_path; raises CorpusError where there is nothing."""
    assert recipe.corpus_path is not None  # the recipe has checked it
    path = Path(recipe.corpus_path).expanduser()
    if not path.exists():
        raise CorpusError(
            f"recipe.corpus_path = {recipe.corpus_path!r}: there is no such file or folder ({path.absolute()})."
        )
    return path


def _files(recipe: Recipe) -> list[Path]:
    path = existing_path(recipe)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in READERS and file.name[0] != ".")
    else:
        files = [path] if path.suffix.lower() in READERS else []
    if not files:
        raise CorpusError(f"{path} holds no file that can be read; a corpus is read from: {', '.join(READERS)}.")
    return files


def _from_txt(file: Path, _column: str) -> Iterator[str]:
    lines: list[str] = []
    with file.open(encoding="utf-8-sig") as text:
        for line in text:
            *ends, rest = line.split(END_OF_TEXT)
            for end in ends:
                yield "".join([*lines, end])
                lines = []
            lines.append(rest)
    yield "".join(lines)


def _from_jsonl(file: Path, column: str) -> Iterator[str]:
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _text(parsed(line, f"{file}, line {number}"), column, where=f"{file}, line {number}")


def _from_json(file: Path, column: str) -> Iterator[str]:
    shard = parsed(file.read_text(encoding="utf-8-sig"), str(file))
    if not isinstance(shard, list):
        raise CorpusError(f"{file} is not a list of objects. Write one object a line and call it .jsonl.")
    for number, entry in enumerate(shard, start=1):
        has_it = isinstance(entry, dict) and column not in entry and "story" in entry
        yield _text(entry, "story" if has_it else column, where=f"{file}, entry {number}")


def _from_parquet(file: Path, column: str) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as table:
            if column not in table.schema_arrow.names:
                raise _no_column(column, table.schema_arrow.names, where=str(file))
            for batch in table.iter_batches(columns=[column]):
                yield from (_string(value, column, where=str(file)) for value in batch.column(0).to_pylist())
    except pa.ArrowException as error:
        raise CorpusError(f"{file} is not a readable Parquet file: {str(error).splitlines()[0]}.") from error


READERS: Mapping[str, Callable[[Path, str], Iterator[str]]] = {
    ".txt": _from_txt,
    ".jsonl": _from_jsonl,
    ".json": _from_json,
    ".parquet": _from_parquet,
}


def parsed(text: str, where: str) -> object:
    """Return what a JSON text holds; raises CorpusError with the place of the mistake."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column" if error.lineno > 1 else "column"
        raise CorpusError(f"{where} is not JSON: {error.msg} ({place} {error.colno}).") from error


def _text(entry: object, column: str, *, where: str) -> str:
    """Return the text of one object."""
    if not isinstance(entry, dict):
        raise CorpusError(f"{where} holds {type(entry).__name__}, not an object with a key {column!r}.")
    if column not in entry:
        raise _no_column(column, list(entry), where=where)
    return _string(entry[column], column, where=where)


def _string(value: object, column: str, *, where: str) -> str:
    """Return a text; null is an empty one."""
    if value is not None and not isinstance(value, str):
        raise CorpusError(f"{where}: {column!r} holds {type(value).__name__}, not text. Set recipe.corpus_column.")
    # JSON can spell half a surrogate pair, which no UTF-8 can hold.
    return (value or "").encode(errors="replace").decode()


def _no_column(column: str, columns: list[str], *, where: str) -> CorpusError:
    return CorpusError(f"{where} has no column {column!r}; it has: {', '.join(columns)}. Set recipe.corpus_column.")


SOURCE = Source(documents=documents, identity=identity)
