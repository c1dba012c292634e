"""The documentation of the running Python: the embedded default, which needs no download and copies nothing.

pydoc topics + every docstring of the standard library's sources ──ast──▶ documents

Read from the sources, so that it works under -OO as well. About 7,400 documents and 2 MB on Python 3.11; other versions
say other things, which is why each observation carries the fingerprint of its corpus.
"""

import ast
import importlib
import itertools
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora.source import Source

LEFT_OUT = frozenset(
    {"test", "tests", "idlelib", "lib2to3", "turtledemo", "ensurepip", "pydoc_data", "site-packages", "dist-packages"}
)
"""Folders that are not the library itself: its tests, demonstrations, bundled wheels, and what was installed later."""


def documents(recipe: Recipe, *, allow_hub: bool) -> Iterator[str]:  # noqa: ARG001 - there is but one, and it is here
    """Yield pydoc's topics, then the docstrings, file after file."""
    yield from dict.fromkeys(text.strip() for text in itertools.chain(_topics(), docstrings(library())))


def identity(_recipe: Recipe) -> Mapping[str, object]:
    """Name the Python whose documentation it is."""
    return {"python": sys.version, "library": str(library())}


def docstrings(folder: Path) -> Iterator[str]:
    """Yield every docstring below a folder; raises CorpusError where it holds no sources."""
    for file in sources(folder, left_out=LEFT_OUT):
        yield from docstrings_of(file)


def sources(folder: Path, *, left_out: frozenset[str]) -> list[Path]:
    """Return the files of Python below a folder, sorted, without some folders; raises CorpusError where it has none."""
    files = sorted(file for file in folder.rglob("*.py") if left_out.isdisjoint(file.relative_to(folder).parts))
    if not files:
        raise CorpusError(
            f"This Python keeps no sources in {folder} (a zipped or stripped installation), "
            "so its library has no text to give. Use a Python with its sources, or corpus = 'stories' or 'files'."
        )
    return files


def docstrings_of(file: Path) -> Iterator[str]:
    """Yield the docstrings of a file, empty ones too; none where this Python cannot read it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of the library's escapes; not ours to judge
        try:
            tree = ast.parse(file.read_bytes(), filename=str(file))
        except (SyntaxError, ValueError):  # a template, or a file for another Python
            return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def _topics() -> Iterator[str]:
    """Yield the chapters that `help("topics")` knows; some distributions leave them out."""
    try:
        topics = importlib.import_module("pydoc_data.topics").topics
    except ImportError:
        return
    yield from (topics[name] for name in sorted(topics))


def library() -> Path:
    """Return the folder of the standard library."""
    return Path(sysconfig.get_path("stdlib"))


SOURCE = Source(documents=documents, identity=identity)
