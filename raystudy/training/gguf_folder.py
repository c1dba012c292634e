"""A GGUF file of the Llama family as a model folder: quantised weights become fp32, its vocabulary a tokenizer.json.

NAME.gguf ──GGUFReader──▶ metadata ──▶ config.json, tokenizer.json, tokenizer_config.json
                        ▶ tensors ──dequantize, unpermute──▶ model.safetensors

The package `gguf` reads the format. Imports no torch.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from raystudy.errors import ModelError

Weights = npt.NDArray[np.float32]

_WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_OF_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""llama.cpp's names of tensors, and those of transformers."""
_CONTROL = 3
"""The token type of llama.cpp for tokens that no text holds."""


def write_folder(file: Path, folder: Path) -> None:
    """Write the model that a GGUF file holds into a folder; raises ModelError where it is not what can be read."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(file)
        told = _Metadata(reader)
        tensors = dict(_tensors(reader, told))
        tokenizer = _tokenizer(told)
    except (ValueError, KeyError, IndexError, OSError) as error:
        raise ModelError(
            f"{file} cannot be read as a GGUF file of the Llama family ({error}). Fetch it again."
        ) from error
    tokens = {f"{name}_token": tokenizer.id_to_token(token) for name, token in told.special_tokens.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **tokens})
    _write(folder / "config.json", _config(told, tied="lm_head.weight" not in tensors))


class _Metadata:
    """The keys and values of a GGUF file."""

    def __init__(self, reader: Any) -> None:
        self._fields = reader.fields

    def __getitem__(self, key: str) -> Any:
        return self._fields[key].contents()

    def of_shape(self, key: str) -> Any:
        """Return a value of the architecture."""
        return self[f"llama.{key}"]

    @property
    def special_tokens(self) -> dict[str, int]:
        """Ids of the tokens that begin and end a text, by the names that transformers gives them."""
        keys = {name: f"tokenizer.ggml.{name}_token_id" for name in ("bos", "eos")}
        return {name: self[key] for name, key in keys.items() if key in self._fields}


def _tensors(reader: Any, told: _Metadata) -> Iterator[tuple[str, Weights]]:
    """Yield each tensor in fp32, under its name in transformers."""
    from gguf import dequantize

    heads = {"attn_q": told.of_shape("attention.head_count"), "attn_k": told.of_shape("attention.head_count_kv")}
    for tensor in reader.tensors:
        kind, name = _named(tensor.name)
        weights = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        yield name, unpermuted(weights, heads[kind]) if kind in heads else np.ascontiguousarray(weights)


def _named(name: str) -> tuple[str, str]:
    """Return what kind of tensor this is, and its name in transformers."""
    if layer := re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name):
        return layer[2], f"model.layers.{layer[1]}.{_OF_LAYER[layer[2]]}.weight"
    kind = name.removesuffix(".weight")
    return kind, f"{_WHOLE[kind]}.weight"


def unpermuted(weights: Weights, heads: int) -> Weights:
    """
    Undo llama.cpp's order of the rows of queries and keys (rows, columns).

    Its rotary positions turn neighbouring rows of a head, those of transformers rows half a head apart; its converter
    (`permute` in convert_hf_to_gguf.py) interleaves the halves.
    """
    rows, columns = weights.shape
    return np.ascontiguousarray(weights.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2)).reshape(
        rows, columns
    )


def _config(told: _Metadata, *, tied: bool) -> dict[str, object]:
    """Return the configuration that transformers reads."""
    specials = {f"{name}_token_id": token for name, token in told.special_tokens.items()}
    return specials | {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": told.of_shape("vocab_size"),
        "hidden_size": told.of_shape("embedding_length"),
        "intermediate_size": told.of_shape("feed_forward_length"),
        "num_hidden_layers": told.of_shape("block_count"),
        "num_attention_heads": told.of_shape("attention.head_count"),
        "num_key_value_heads": told.of_shape("attention.head_count_kv"),
        "max_position_embeddings": told.of_shape("context_length"),
        "rope_theta": _shortest(told.of_shape("rope.freq_base")),
        "rms_norm_eps": _shortest(told.of_shape("attention.layer_norm_rms_epsilon")),
        "tie_word_embeddings": tied,
    }


def _shortest(value: float) -> float:
    """Return the decimal that was meant by a number stored in 32 bits: 1e-05, not 9.999999747378752e-06."""
    return float(str(np.float32(value)))


def _tokenizer(told: _Metadata) -> Tokenizer:
    """Build the byte-level BPE of the file."""
    if told["tokenizer.ggml.model"] != "gpt2":
        raise ValueError(f"its tokenizer is {told['tokenizer.ggml.model']}; known is gpt2")
    words = told["tokenizer.ggml.tokens"]
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in told["tokenizer.ggml.merges"])]
    tokenizer = Tokenizer(models.BPE(vocab={word: token for token, word in enumerate(words)}, merges=merges))
    tokenizer.pre_tokenizer = _pre_tokenizer(told["tokenizer.ggml.pre"])
    tokenizer.decoder = decoders.ByteLevel()
    types = told["tokenizer.ggml.token_type"]
    tokenizer.add_special_tokens(
        [
            AddedToken(word, special=True, normalized=False)
            for word, kind in zip(words, types, strict=True)
            if kind == _CONTROL
        ]
    )
    return tokenizer


def _pre_tokenizer(name: str) -> pre_tokenizers.PreTokenizer:
    """
    Return what llama.cpp calls by this name.

    `smollm` splits off each digit first. Without, as transformers 5.23 reads such a file, spaces and line ends before a
    number fall into other tokens than the model was trained on.
    """
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if name == "smollm":
        return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    if name == "gpt-2":
        return byte_level
    raise ValueError(f"its pre-tokenizer is {name}; known are smollm and gpt-2")


def _write(file: Path, content: dict[str, object]) -> None:
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
