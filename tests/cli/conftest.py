"""What tests of verbs share: the sentence that a refused command line says."""

from collections.abc import Callable

import pytest

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def refusal(typed: Typed) -> Callable[..., str]:
    """Return a function that gives the sentence on stderr of a command line that exits with 2 and says nothing else."""

    def run(*words: object) -> str:
        code, out, err = typed(*words)
        assert (2, "") == (code, out)
        return " ".join(err.split())

    return run
