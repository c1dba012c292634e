"""From the name of a model to its weights: built from a seed, or pretrained from a folder, the hub, or a package.

recipe.model ──source──▶ built shape, or folder ──load──▶ weights in fp32
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from raystudy.errors import ModelError
from raystudy.study import Recipe
from raystudy.training import smollm2
from raystudy.training.hub import asking_hub, require_hub
from raystudy.training.shapes import SHAPES, Shape, shape_of, training_flops_per_position

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

LARGEST_DEFAULT_VOCABULARY = 8192


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a model comes from, and the tokenizer that goes with it."""

    shape: Shape | None
    folder: Path | None
    tokenizer: str
    """`byte`, `bpe-N`, or `model` for its own."""
    tokenizer_file: Path | None = None
    """The model's own tokenizer."""

    @property
    def known_shape(self) -> Shape | None:
        """The shape; null where only loading the model tells."""
        return self.shape or shape_of(str(self.folder))


def source_of(recipe: Recipe, *, allow_hub: bool, tell: Callable[[str], None] = lambda _: None) -> Source:
    """
    Find the model of a recipe; `tell` is given a short sentence before what takes long.

    Raises ModelError where there is none, HubError where the hub would be needed.
    """
    if recipe.model in SHAPES:
        shape = SHAPES[recipe.model]
        tokenizer = recipe.tokenizer or f"bpe-{min(shape.vocabulary, LARGEST_DEFAULT_VOCABULARY)}"
        return Source(shape=shape, folder=None, tokenizer=tokenizer)
    folder = _folder(recipe.model, allow_hub=allow_hub, tell=tell)
    own = (folder / "tokenizer.json").is_file()
    if recipe.pretrained and recipe.tokenizer is not None:
        raise ModelError(
            f"{recipe.model} was trained with its own tokenizer; tokenizer = {recipe.tokenizer!r} does not fit "
            "its weights. Leave the key out, or set pretrained = false."
        )
    if recipe.tokenizer is None and not own:
        raise ModelError(f"{folder} has no tokenizer.json. Add the model's tokenizer in that form.")
    file = folder / "tokenizer.json" if recipe.tokenizer is None else None
    return Source(shape=None, folder=folder, tokenizer=recipe.tokenizer or "model", tokenizer_file=file)


def load(recipe: Recipe, source: Source, *, vocabulary: int, seed: int) -> "PreTrainedModel":
    """Return the model in fp32 on the CPU; its weights come from the seed, or from the folder."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # of reading and writing weights: a second or two, and a line each in every log
    torch.manual_seed(seed)
    if source.folder and recipe.pretrained:
        model = AutoModelForCausalLM.from_pretrained(
            source.folder,
            dtype=torch.float32,
            attn_implementation="sdpa",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
    else:
        model = build(source.shape or AutoConfig.from_pretrained(source.folder, trust_remote_code=False))
    _refuse(recipe, vocabulary, room=model.config.vocab_size, longest=model.config.max_position_embeddings)
    return model


def refuse_misfit(recipe: Recipe, source: Source, *, vocabulary: int) -> None:
    """
    Raise ModelError where tokens or sequences do not fit the model, as far as it is known without loading it.

    A tokenizer must not have more entries than the model, nor a sequence be longer than it is made for.
    """
    shape = source.known_shape
    if shape is not None:
        _refuse(recipe, vocabulary, room=shape.vocabulary, longest=shape.context)


def build(shape: "Shape | PretrainedConfig") -> "PreTrainedModel":
    """Return a model with random weights in fp32, from torch's seed."""
    import torch
    from transformers import AutoModelForCausalLM

    config = _config(shape) if isinstance(shape, Shape) else shape
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="sdpa")


def flops_per_position(model: "PreTrainedModel", context: int) -> float:
    """Return the training FLOPs of one position of a loaded model, some of whose weights may be frozen."""
    embedding = model.get_input_embeddings().weight
    looked_up = set() if model.config.tie_word_embeddings else {embedding}
    multiplied = [each for each in model.parameters() if each not in looked_up]
    return training_flops_per_position(
        multiplied=sum(each.numel() for each in multiplied),
        trained=sum(each.numel() for each in multiplied if each.requires_grad),
        layers=model.config.num_hidden_layers,
        width=model.config.hidden_size,
        context=context,
    )


def _folder(model: str, *, allow_hub: bool, tell: Callable[[str], None]) -> Path:
    """Return the folder of a local model, of one from a package, of a hub model in the cache, or downloaded now."""
    if model == smollm2.NAME:
        return smollm2.model_folder(tell=tell)
    if Path(model).is_dir():
        if not (Path(model) / "config.json").is_file():
            raise ModelError(f"The folder {model} holds no config.json, so it is no model of transformers.")
        return Path(model)
    if "/" not in model or model.startswith((".", "/", "~")):
        named = (*SHAPES, smollm2.NAME)
        near = difflib.get_close_matches(model, named, n=1)
        raise ModelError(
            f"There is no model {model!r}.{f' Did you mean {near[0]}?' if near else ''} "
            f"A model is one of: {', '.join(named)}; a folder; or a hub id as owner/name."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    wanted = ["*.json", "*.safetensors"]
    try:
        return Path(snapshot_download(model, allow_patterns=wanted, local_files_only=True))
    except LocalEntryNotFoundError:
        require_hub(f"the model {model}", allow_hub=allow_hub, instead="a local folder as model, or a built one")
    with asking_hub(f"the model {model}"):
        return Path(snapshot_download(model, allow_patterns=wanted))


def _config(shape: Shape) -> "PretrainedConfig":
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.context,
        tie_word_embeddings=shape.tied,
        rms_norm_eps=1e-6,
        initializer_range=0.02,
        bos_token_id=None,
        eos_token_id=None,
    )


def _refuse(recipe: Recipe, vocabulary: int, *, room: int, longest: int) -> None:
    if vocabulary > room:
        raise ModelError(
            f"The tokenizer has {vocabulary:,} entries, {recipe.model} has room for {room:,}. "
            f'Choose tokenizer = "bpe-{room}" or a smaller one.'
        )
    if recipe.context > longest:
        raise ModelError(
            f"context = {recipe.context:,} is longer than {recipe.model} is made for: {longest:,}. Shorten it."
        )
