"""The shape of a model, and what follows from it without building it: parameters and FLOPs.

`raystudy plan` reads this room without importing torch. To add a built model: one entry in SHAPES.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A decoder of the Llama family: RMSNorm, rotary positions, gated feed-forward, no biases."""

    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    context: int
    """Longest sequence it is made for."""
    tied: bool
    """Whether input and output embeddings are one matrix."""

    @property
    def parameters(self) -> int:
        """Count all parameters."""
        head_size = self.hidden // self.heads
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * self.kv_heads * head_size
        layer = attention + 3 * self.hidden * self.intermediate + 2 * self.hidden
        embeddings = self.vocabulary * self.hidden * (1 if self.tied else 2)
        return embeddings + self.layers * layer + self.hidden

    @property
    def lookup_parameters(self) -> int:
        """Count the parameters that are looked up and never multiplied: an input embedding of its own."""
        return 0 if self.tied else self.vocabulary * self.hidden

    def adapter_parameters(self, rank: int) -> int:
        """Count the parameters of low-rank adapters: rank x (inputs + outputs) of each product in each layer."""
        keys = self.kv_heads * (self.hidden // self.heads)
        attention = 2 * 2 * self.hidden + 2 * (self.hidden + keys)
        return rank * self.layers * (attention + 3 * (self.hidden + self.intermediate))

    def flops_per_position(self, context: int, *, adapter_rank: int | None = None) -> float:
        """Return the FLOPs of one training position in a sequence of `context`; with a rank, of adapters only."""
        multiplied = self.parameters - self.lookup_parameters
        adapters = self.adapter_parameters(adapter_rank) if adapter_rank else 0
        return training_flops_per_position(
            multiplied=multiplied + adapters,
            trained=adapters or multiplied,
            layers=self.layers,
            width=self.hidden,
            context=context,
        )


def training_flops_per_position(*, multiplied: int, trained: int, layers: int, width: int, context: int) -> float:
    """
    Return forward plus backward FLOPs of one position: 4 N + 2 N trained + 12 layers x width x context.

    N counts the parameters that are multiplied: 2 FLOPs each forward, 2 for the gradient of what went in, and 2 for
    its own gradient, which only a trained one has; 6 N where all are trained. The attention term is that of PaLM
    (arXiv 2204.02311, appendix B), which does not halve for causality; so MFU compares with published figures.
    """
    return 4.0 * multiplied + 2.0 * trained + 12.0 * layers * width * context


def training_flops(per_position: Callable[[int], float], *, positions: float, pairs: float) -> float:
    """
    Return the FLOPs of a training whose sequences may have had several widths.

    `per_position` tells them by width, as a constant and a part proportional to it; `pairs` sums the width over all
    positions: the pairs that attention compares.
    """
    linear = per_position(0)
    return linear * positions + (per_position(1) - linear) * pairs


def _tiny(*, hidden: int, intermediate: int, layers: int, heads: int) -> Shape:
    return Shape(
        vocabulary=1024,
        hidden=hidden,
        intermediate=intermediate,
        layers=layers,
        heads=heads,
        kv_heads=heads,
        context=1024,
        tied=True,
    )


SHAPES: Mapping[str, Shape] = {
    "tiny-0.1m": _tiny(hidden=48, intermediate=128, layers=2, heads=3),
    "tiny-0.3m": _tiny(hidden=80, intermediate=216, layers=3, heads=5),
    "tiny-1m": _tiny(hidden=128, intermediate=384, layers=4, heads=4),
    "tiny-3m": _tiny(hidden=192, intermediate=544, layers=6, heads=6),
    # The model of P2 (arXiv 2606.13370): 4,262,144 parameters.
    "llama-4m": Shape(
        vocabulary=4096, hidden=256, intermediate=704, layers=4, heads=4, kv_heads=4, context=128, tied=True
    ),
    # TinyLlama's configuration (P1, arXiv 2601.06649): 1,100,048,384 parameters.
    "tinyllama-1b": Shape(
        vocabulary=32000, hidden=2048, intermediate=5632, layers=22, heads=32, kv_heads=4, context=2048, tied=False
    ),
}


def shape_of(model: str) -> Shape | None:
    """Return the shape of a built model or of a local folder of the Llama family; null where only loading it tells."""
    if model in SHAPES:
        return SHAPES[model]
    config_file = Path(model) / "config.json"
    if not config_file.is_file():
        return None
    config = json.loads(config_file.read_text(encoding="utf-8"))
    return _from_config(config) if config.get("model_type") == "llama" else None


def _from_config(config: Mapping[str, Any]) -> Shape:
    return Shape(
        vocabulary=config["vocab_size"],
        hidden=config["hidden_size"],
        intermediate=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        kv_heads=config.get("num_key_value_heads") or config["num_attention_heads"],
        context=config["max_position_embeddings"],
        tied=config.get("tie_word_embeddings", False),
    )
