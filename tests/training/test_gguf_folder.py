"""A GGUF file becomes a model folder: the same weights under the names of transformers, the same vocabulary."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from raystudy.errors import ModelError
from raystudy.training.gguf_folder import unpermuted, write_folder
from raystudy.training.shapes import shape_of

gguf = pytest.importorskip("gguf", reason="the package gguf reads GGUF files")

Array = npt.NDArray[np.float32]
HIDDEN, HEADS, KV_HEADS, WORDS = 64, 4, 2, ["<|endoftext|>", "a", "b", "ab", "Ġ", "ĠĠ", "1", "2", "12"]
HEAD = HIDDEN // HEADS


def weights(rows: int, columns: int, seed: int) -> Array:
    """Return some numbers."""
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


def permuted(tensor: Array, heads: int) -> Array:
    """Order rows as the converter of llama.cpp does."""
    rows, columns = tensor.shape
    return tensor.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


EMBEDDING, QUERY, KEY, DOWN = (
    weights(9, HIDDEN, 0),
    weights(HIDDEN, HIDDEN, 1),
    weights(32, HIDDEN, 2),
    weights(64, 96, 3),
)
NORM = np.ones(HIDDEN, dtype=np.float32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a GGUF file of one layer, some of it, one matrix of it quantised."""
    file = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(1)
    writer.add_vocab_size(len(WORDS))
    writer.add_context_length(256)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(96)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(100_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(WORDS)
    writer.add_token_types([3] + [1] * 8)
    writer.add_token_merges(["a b", "Ġ Ġ", "1 2"])
    writer.add_eos_token_id(0)
    writer.add_tensor("token_embd.weight", EMBEDDING)
    writer.add_tensor("blk.0.attn_q.weight", permuted(QUERY, HEADS))
    writer.add_tensor("blk.0.attn_k.weight", permuted(KEY, KV_HEADS))
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor("blk.0.ffn_down.weight", gguf.quantize(DOWN, kind), raw_dtype=kind)
    writer.add_tensor("output_norm.weight", NORM)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@pytest.fixture
def folder(file: Path, tmp_path: Path) -> Path:
    """Return the folder that was written from it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write_folder(file, folder)
    return folder


def test_weights_come_back_exactly(folder: Path) -> None:
    """Each tensor has its name in transformers; the rows of queries and keys are in transformers' order again."""
    kind = gguf.GGMLQuantizationType.Q8_0
    wanted = {
        "model.embed_tokens.weight": EMBEDDING,
        "model.layers.0.self_attn.q_proj.weight": QUERY,
        "model.layers.0.self_attn.k_proj.weight": KEY,
        "model.layers.0.mlp.down_proj.weight": gguf.dequantize(gguf.quantize(DOWN, kind), kind),
        "model.norm.weight": NORM,
    }
    found = load_file(folder / "model.safetensors")

    assert wanted.keys() == found.keys()
    assert all(np.array_equal(wanted[name], found[name]) for name in wanted)


def test_rows_half_a_head_apart_are_neighbours_in_the_file() -> None:
    """By hand: one head of four rows, 0 1 2 3, lies as 0 2 1 3."""
    rows = np.arange(4, dtype=np.float32)[:, None]

    assert [0, 2, 1, 3] == permuted(rows, 1)[:, 0].tolist()
    assert [0, 1, 2, 3] == unpermuted(permuted(rows, 1), 1)[:, 0].tolist()


def test_the_shape_is_that_of_the_file(folder: Path) -> None:
    """The configuration is known without loading the model; where no output matrix is stored, it is the embedding."""
    shape = shape_of(str(folder))
    config = json.loads((folder / "config.json").read_text())

    assert shape is not None
    assert (9, HIDDEN, 96, 1, HEADS, KV_HEADS, 256, True) == (
        shape.vocabulary, shape.hidden, shape.intermediate, shape.layers, shape.heads, shape.kv_heads, shape.context,
        shape.tied,
    )  # fmt: skip
    assert (100_000.0, 1e-5, 0) == (config["rope_theta"], config["rms_norm_eps"], config["eos_token_id"])


def test_digits_stand_alone(folder: Path) -> None:
    """The pre-tokenizer `smollm` splits off each digit first: two spaces before a number are one token."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    assert ["ab", "ĠĠ", "1", "2"] == tokenizer.encode("ab  12").tokens


def test_the_end_of_text_is_named(folder: Path) -> None:
    """The tokenizer's configuration names it, where the training looks for it."""
    assert "<|endoftext|>" == json.loads((folder / "tokenizer_config.json").read_text())["eos_token"]


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """One sentence, with the file's name."""
    (tmp_path / "not.gguf").write_bytes(b"GGUF, or so it says, for a while" * 9)

    with pytest.raises(ModelError, match=r"not.gguf cannot be read as a GGUF file of the Llama family"):
        write_folder(tmp_path / "not.gguf", tmp_path)
