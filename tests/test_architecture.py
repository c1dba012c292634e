"""The house stays small: files and functions that a reader takes in at once, and a README that names every room."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "raystudy").rglob("*.py"))


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_and_functions_are_short(file: Path) -> None:
    """A file splits at 300 lines, a function at 50."""
    text = file.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 50]

    assert [] == long
    assert len(text.splitlines()) <= 300


def test_every_module_opens_with_a_sentence() -> None:
    """The first line says what a module is, in words of the domain."""
    silent = [file.name for file in SOURCES if file.read_text() and not ast.get_docstring(ast.parse(file.read_text()))]

    assert [] == silent
