import pytest

from raystudy.errors import CorpusError
from raystudy.training.corpora.hub import texts


def test_a_column_becomes_documents() -> None:
    """Each row gives the text of one column; a null is no document."""
    rows: list[dict[str, object]] = [{"text": "One.", "id": 1}, {"text": None, "id": 2}, {"text": "Two.", "id": 3}]

    assert list(texts(rows, column="text", of="a/b")) == ["One.", "Two."]


def test_a_column_that_is_not_there_gets_the_list() -> None:
    """A data set without the chosen column is refused with the columns it has."""
    with pytest.raises(CorpusError, match="a/b has no column 'text'; it has: id, story"):
        list(texts([{"id": 1, "story": "One."}], column="text", of="a/b"))
