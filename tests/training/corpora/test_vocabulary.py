import json
from pathlib import Path

import pytest

from raystudy.errors import ModelError
from raystudy.training.corpora.stories import story
from raystudy.training.corpora.vocabulary import vocabulary

TEXTS = [story(number) for number in range(50)]
ODD = "Zoë <|endoftext|> \x00\t天\n"


def test_a_byte_is_its_own_token() -> None:
    """`byte` writes each byte as its value, and ends documents with 256."""
    tokens = vocabulary("byte", [], file=None)

    assert (tokens.tokenizer.encode(ODD).ids, tokens.eos, tokens.size) == (list(ODD.encode()), 256, 257)


def test_bpe_gives_every_text_back() -> None:
    """All bytes are in the alphabet, so that text unlike the training documents survives as well."""
    tokens = vocabulary("bpe-300", TEXTS, file=None)
    ids = tokens.tokenizer.encode(ODD).ids

    assert (tokens.tokenizer.decode(ids, skip_special_tokens=False), tokens.eos in ids) == (ODD, False)


def test_bpe_tells_its_real_size() -> None:
    """A small corpus has fewer merges than were asked for; the size is read back."""
    sizes = [vocabulary(name, TEXTS, file=None).size for name in ("bpe-300", "bpe-100000")]

    assert (sizes[0], 300 < sizes[1] < 3000) == (300, True)


def test_bpe_is_the_same_each_time() -> None:
    """The same documents train the same tokenizer."""
    first, second = (vocabulary("bpe-400", TEXTS, file=None).tokenizer.to_str() for _ in range(2))

    assert first == second


def test_a_model_names_its_own_end_of_text(tmp_path: Path) -> None:
    """The tokenizer of a pretrained folder ends documents with the token its configuration names."""
    own = vocabulary("bpe-300", TEXTS, file=None).tokenizer
    own.add_special_tokens(["<end>"])
    own.enable_truncation(4)
    own.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": "<end>"}}))
    tokens = vocabulary("model", [], file=tmp_path / "tokenizer.json")

    assert (tokens.eos, tokens.size, len(tokens.tokenizer.encode("z" * 9).ids)) == (300, 301, 9)


@pytest.mark.parametrize("name", ["bpe", "bpe-256", "words", "bpe-"])
def test_other_names_are_refused(name: str) -> None:
    """A tokenizer is `byte` or `bpe-N` with room for all bytes and the end of text."""
    with pytest.raises(ModelError, match=r"byte, (bpe-N|or a bpe-N)"):
        vocabulary(name, [], file=None)


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    """A damaged tokenizer.json is named."""
    (tmp_path / "tokenizer.json").write_text("{}")

    with pytest.raises(ModelError, match="not a readable tokenizer"):
        vocabulary("model", [], file=tmp_path / "tokenizer.json")
