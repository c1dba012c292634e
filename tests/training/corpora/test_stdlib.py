import subprocess
import sys
from pathlib import Path

import pytest

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora import documents
from raystudy.training.corpora.stdlib import docstrings


@pytest.fixture(scope="module")
def stdlib() -> list[str]:
    """Return the corpus of the running Python, collected once."""
    return list(documents(Recipe(corpus="stdlib"), allow_hub=False))


def test_the_library_documents_itself_at_length(stdlib: list[str]) -> None:
    """Any supported Python brings thousands of documents; 3.11 has 7,413, and 2.06 MB of them."""
    n_bytes = sum(len(text.encode()) for text in stdlib)

    assert (len(stdlib) > 5_000, n_bytes > 1_000_000) == (True, True)


def test_no_document_comes_twice(stdlib: list[str]) -> None:
    """Docstrings that many modules share are taken once."""
    assert len(set(stdlib)) == len(stdlib)


def test_topics_and_docstrings_are_both_there(stdlib: list[str]) -> None:
    """The corpus holds the language reference of pydoc as well as what functions say of themselves."""
    beginnings = {text[:40] for text in stdlib}

    assert {
        'The "with" statement\n********************'[:40],
        "Serialize ``obj`` to a JSON formatted ``str``."[:40],
    } <= beginnings


def test_docstrings_are_read_from_sources(tmp_path: Path) -> None:
    """Modules, classes, functions and coroutines speak; tests, and files that are not Python, do not."""
    (tmp_path / "a.py").write_text(
        '"""A."""\nclass B:\n    "B."\n    async def c(self):\n        "C."\ndef d():\n    "D."\n'
    )
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "e.py").write_text('"""E."""')

    spoken = sorted(docstrings(tmp_path))

    assert spoken == ["A.", "B.", "C.", "D."]


def test_a_python_without_sources_is_refused(tmp_path: Path) -> None:
    """A zipped or stripped installation has no text to give, and the error says what else to take."""
    with pytest.raises(CorpusError, match="keeps no sources"):
        list(docstrings(tmp_path))


def test_docstrings_survive_optimisation(tmp_path: Path) -> None:
    """Python -OO drops docstrings from what it runs, not from what is read here."""
    (tmp_path / "a.py").write_text('"""A."""\n')
    program = f"""
from pathlib import Path
from raystudy.training.corpora.stdlib import docstrings
print(*docstrings(Path({str(tmp_path)!r})))
"""

    printed = subprocess.run([sys.executable, "-OO", "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed == "A.\n"
