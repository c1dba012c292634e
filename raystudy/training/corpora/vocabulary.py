"""Tokenizers: bytes, byte-level BPE trained on the training documents, or the one that a pretrained model brings."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from raystudy.errors import ModelError

END_OF_TEXT = "<|endoftext|>"
SMALLEST_BPE = 257
"""All bytes, and the end of text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """A tokenizer and the token that ends a document."""

    tokenizer: Tokenizer
    eos: int

    @property
    def size(self) -> int:
        """Return the greatest token + 1; a model needs that many entries."""
        return int(max(self.tokenizer.get_vocab().values())) + 1

    @property
    def dtype(self) -> type[np.uint16 | np.uint32]:
        """Return the smallest type that holds every token."""
        return np.uint16 if self.size <= 2**16 else np.uint32


def vocabulary(name: str, texts: Iterable[str], *, file: Path | None) -> Vocabulary:
    """
    Build `byte`, train `bpe-N` on the texts, or load the tokenizer of a file.

    Raises ModelError where the name is none of these, or the file cannot be used.
    """
    chosen = _from_file(file) if file is not None else _built(name, texts)
    # A document that spells out "<|endoftext|>" means those letters, not the token.
    chosen.tokenizer.encode_special_tokens = True
    return chosen


def check_name(name: str) -> int | None:
    """Return N of `bpe-N`, null for `byte`; raises ModelError where the name is neither."""
    bpe = re.fullmatch(r"bpe-(\d+)", name)
    if name != "byte" and bpe is None:
        raise ModelError(f"No tokenizer is called {name!r}. recipe.tokenizer takes: byte, bpe-N (as bpe-4096).")
    size = int(bpe[1]) if bpe else None
    if size is not None and size < SMALLEST_BPE:
        raise ModelError(
            f"recipe.tokenizer = {name!r} is too small: all bytes and the end of text need {SMALLEST_BPE} entries. "
            "Choose byte, or a bpe-N with a greater N."
        )
    return size


def _built(name: str, texts: Iterable[str]) -> Vocabulary:
    size = check_name(name)
    tokenizer = _bytes() if size is None else _bpe(size, texts)
    eos = tokenizer.token_to_id(END_OF_TEXT)
    assert eos is not None, "both kinds are built with it"
    return Vocabulary(tokenizer=tokenizer, eos=eos)


def _bytes() -> Tokenizer:
    """Return the tokenizer whose token is the byte's value; 256 ends a document."""
    tokenizer = _byte_level(models.BPE(vocab={letter: byte for byte, letter in enumerate(_letters())}, merges=[]))
    tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer


def _bpe(size: int, texts: Iterable[str]) -> Tokenizer:
    """Train merges; a small corpus may give fewer entries than asked for."""
    tokenizer = _byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _byte_level(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _letters() -> list[str]:
    """
    Return the letter by which byte-level tokenizers write each byte.

    GPT-2's table: printable Latin-1 stands for itself, the other 68 bytes for the letters from U+0100 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(0x100 + others.index(byte)) for byte in range(256)]


def _from_file(file: Path) -> Vocabulary:
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ModelError(
            f"{file} is not a readable tokenizer ({error}). Give a folder with a tokenizer.json."
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Vocabulary(tokenizer=tokenizer, eos=_eos(tokenizer, file.parent))


def _eos(tokenizer: Tokenizer, folder: Path) -> int:
    """Find the token that ends a text: what the files beside the tokenizer say, else the usual names."""
    said = _read(folder / "tokenizer_config.json").get("eos_token")
    names = [said.get("content") if isinstance(said, dict) else said, END_OF_TEXT, "</s>", "<|end_of_text|>"]
    for name in names:
        token = tokenizer.token_to_id(name) if isinstance(name, str) else None
        if token is not None:
            return int(token)
    token = _read(folder / "config.json").get("eos_token_id")
    if isinstance(token, int):
        return token
    raise ModelError(f"The tokenizer in {folder} names no end of text. Add a tokenizer_config.json with its eos_token.")


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ModelError(f"{file} is not a JSON object ({error}). Fetch the model's folder again.") from error
