import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from raystudy.errors import CorpusError, ModelError
from raystudy.study import Recipe
from raystudy.training.corpora.stories import story
from raystudy.training.tokens import Corpus, prepare

STORIES = Recipe(corpus="stories", corpus_documents=200)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache that the tests of this file share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def corpus(cache: Path) -> Corpus:
    """Return 200 stories, prepared."""
    return prepare(STORIES, tokenizer="bpe-400", cache=cache)


def decoded(corpus: Corpus) -> list[str]:
    """Return the documents of both sides, back from their tokens."""
    tokenizer = Tokenizer.from_file(str(corpus.tokenizer_file))
    texts = []
    for tokens, offsets in ((corpus.train, corpus.train_offsets), (corpus.heldout, corpus.heldout_offsets)):
        for start, end in pairwise(offsets.tolist()):
            assert tokens[end - 1] == corpus.eos
            texts.append(tokenizer.decode(tokens[start : end - 1].tolist()))
    return texts


def test_every_document_is_there_once_and_ended(corpus: Corpus) -> None:
    """Both sides together hold each document, and an end of text after each."""
    assert sorted(decoded(corpus)) == sorted(map(story, range(200)))


def test_bytes_are_those_of_the_held_out_documents(corpus: Corpus) -> None:
    """Bits per byte need the UTF-8 length of each held-out document."""
    heldout = decoded(corpus)[corpus.train_documents :]

    assert corpus.heldout_bytes.tolist() == [len(text.encode()) for text in heldout]


def test_the_second_use_collects_nothing(cache: Path, corpus: Corpus) -> None:
    """A prepared corpus is opened: no stage is told, and it is the same."""
    told: list[str] = []
    again = prepare(STORIES, tokenizer="bpe-400", cache=cache, tell=told.append)

    assert (told, again.fingerprint) == ([], corpus.fingerprint)


def test_preparing_tells_its_stages(tmp_path: Path) -> None:
    """What takes long says what it does."""
    told: list[str] = []
    prepare(STORIES, tokenizer="byte", cache=tmp_path, tell=told.append)

    assert [sentence.split()[0] for sentence in told] == ["collecting", "building", "encoding"]


def test_the_fingerprint_is_of_the_text_alone(cache: Path, corpus: Corpus) -> None:
    """Another tokenizer or another split of the same documents has the same corpus fingerprint."""
    other = prepare(STORIES.model_copy(update={"heldout_fraction": 0.5}), tokenizer="byte", cache=cache)

    assert (other.fingerprint == corpus.fingerprint, other.tokenizer_fingerprint == corpus.tokenizer_fingerprint) == (
        True,
        False,
    )


@pytest.mark.parametrize(
    ("change", "tokenizer"),
    [({"corpus_documents": 201}, "bpe-400"), ({"heldout_fraction": 0.3}, "bpe-400"), ({}, "bpe-401")],
)
def test_what_changes_the_corpus_changes_its_place(
    cache: Path, corpus: Corpus, change: dict[str, object], tokenizer: str
) -> None:
    """Another number of documents, split or tokenizer is another folder of the cache."""
    other = prepare(STORIES.model_copy(update=change), tokenizer=tokenizer, cache=cache)

    assert other.tokenizer_file != corpus.tokenizer_file


def test_a_training_setting_does_not_change_its_place(cache: Path, corpus: Corpus) -> None:
    """All trials that read the same text share it, whatever their batch or budget."""
    other = prepare(STORIES.model_copy(update={"batch_size": 3, "tokens": 9}), tokenizer="bpe-400", cache=cache)

    assert other.tokenizer_file == corpus.tokenizer_file


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """The cache follows the files by their sizes and times."""
    file = tmp_path / "a.txt"
    recipe = Recipe(corpus="files", corpus_path=str(file), heldout_fraction=0.5)
    counts = []
    for n_stories in (20, 30):
        file.write_text("<|endoftext|>".join(map(story, range(n_stories))))
        corpus = prepare(recipe, tokenizer="byte", cache=tmp_path / "cache")
        counts.append(corpus.train_documents + corpus.heldout_documents)

    assert counts == [20, 30]


def test_a_large_vocabulary_takes_four_bytes(tmp_path: Path) -> None:
    """Two bytes hold 65,536 tokens; a tokenizer with more is stored in four."""
    own = {letter: number for number, letter in enumerate([*"abcdefghijklmnopqrstuvwxyz", "</s>"])}
    own["rare"] = 70_000
    (tmp_path / "tokenizer.json").write_text(
        json.dumps({"version": "1.0", "model": {"type": "BPE", "vocab": own, "merges": []}})
    )
    corpus = prepare(STORIES, tokenizer="model", tokenizer_file=tmp_path / "tokenizer.json", cache=tmp_path)

    assert (corpus.train.dtype, corpus.vocabulary, corpus.eos) == (np.dtype(np.uint32), 70_001, 26)


def test_a_sentence_is_encoded_as_its_tokenizer_does(tmp_path: Path) -> None:
    """`encode` adds no end of text."""
    corpus = prepare(STORIES, tokenizer="byte", cache=tmp_path)

    assert corpus.encode("The fox.") == list(b"The fox.")


def test_an_unknown_tokenizer_is_refused_before_anything_is_collected(tmp_path: Path) -> None:
    """A misspelt tokenizer costs no time."""
    told: list[str] = []
    with pytest.raises(ModelError, match="No tokenizer is called 'bite'"):
        prepare(STORIES, tokenizer="bite", cache=tmp_path, tell=told.append)

    assert told == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where the cache cannot be, the error says which setting moves it."""
    (tmp_path / "file").write_text("")

    with pytest.raises(CorpusError, match="Set RAYSTUDY_CACHE"):
        prepare(STORIES, tokenizer="byte", cache=tmp_path / "file")


def test_a_damaged_corpus_is_named(tmp_path: Path) -> None:
    """A folder that somebody emptied is refused with what to do."""
    corpus = prepare(STORIES, tokenizer="byte", cache=tmp_path)
    (corpus.tokenizer_file.parent / "manifest.json").write_text("{}")

    with pytest.raises(CorpusError, match="Remove that folder"):
        prepare(STORIES, tokenizer="byte", cache=tmp_path)


def test_a_failed_preparation_leaves_nothing(tmp_path: Path) -> None:
    """Only a whole corpus is ever seen in the cache; the next attempt starts anew."""

    def give_up(sentence: str) -> None:
        if sentence.startswith("encoding"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(STORIES, tokenizer="byte", cache=tmp_path, tell=give_up)

    assert [path for path in (tmp_path / "corpora").iterdir() if path.is_dir()] == []
