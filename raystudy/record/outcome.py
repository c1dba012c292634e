"""What a training gave: tokens, losses, times, and the spans whose energy is asked for afterwards."""

from dataclasses import dataclass
from typing import Annotated, Literal

from raystudy.record.labelled import Labelled
from raystudy.record.schema import Float32

SpanName = Literal["load", "train", "eval", "save"]
Stop = Literal["budget", "patience", "energy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch of time on the node's monotonic clock."""

    name: Annotated[SpanName, "what was done"]
    start_s: Annotated[float, "monotonic clock"]
    end_s: Annotated[float, "monotonic clock"]

    @property
    def duration_s(self) -> float:
        """How long it lasted."""
        return self.end_s - self.start_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """The training up to one point, seen since the point before; the first one, before any token, holds no training."""

    start_s: Annotated[float, "start of its training, monotonic clock"]
    at_s: Annotated[float, "end of its training, monotonic clock"]
    evaluated_s: Annotated[float | None, "end of its evaluation, monotonic clock; null where there was none"]
    steps: Annotated[int, "optimizer steps so far"]
    tokens_seen: Annotated[int, "tokens trained on so far, padding not counted"]
    tokens_unique: Annotated[int, "distinct training tokens seen so far"]
    epochs_seen: Annotated[float, "passes over the training set so far"]
    loss_train: Annotated[float | None, "mean training loss of the interval, nats per token; null before any token"]
    loss_heldout: Annotated[float | None, "held-out loss at its end, nats per token; null where not evaluated"]
    loss_heldout_low: Annotated[float | None, "2.5 % bound of loss_heldout, bootstrap over documents"]
    loss_heldout_high: Annotated[float | None, "97.5 % bound of loss_heldout, bootstrap over documents"]
    learning_rate: Annotated[float | None, "of its last step"]
    gradient_norm: Annotated[float | None, "of its last step, before clipping"]
    suspended_s: Annotated[float | None, "how long the machine slept in it: clock of the boot less monotonic clock"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome(Labelled):
    """What one training gave."""

    parameters: Annotated[int, "parameters of the model, without adapters"]
    steps: Annotated[int, "optimizer steps"]
    tokens_seen: Annotated[int, "tokens trained on, padding not counted"]
    tokens_padding: Annotated[int, "padding positions computed on and thrown away"]
    tokens_unique: Annotated[int, "distinct training tokens seen: the set that was repeated"]
    epochs_seen: Annotated[float, "passes over that set: tokens_seen / tokens in the set"]
    flops: Annotated[
        float, "of the training, padding included: 6 N + attention a position; adapters: 4 N + 2 N trained"
    ]
    train_s: Annotated[float, "duration of the training spans"]
    eval_s: Annotated[float, "duration of the evaluations"]
    load_s: Annotated[float, "duration of loading corpus and model"]
    flops_ceiling_per_s: Annotated[float, "matrix-product rate of the same devices and dtype, measured in this process"]
    mfu: Annotated[float, "model FLOPs utilisation: flops / train_s / flops_ceiling_per_s"]
    peak_memory_bytes: Annotated[int | None, "greatest memory use of the last process: on the GPU, or of itself on CPU"]
    loss_train: Annotated[float, "mean training loss of the last interval, nats per token"]
    loss_initial: Annotated[float, "held-out loss at zero tokens, nats per token"]
    loss_heldout: Annotated[float, "held-out loss at the end, nats per token"]
    loss_heldout_low: Annotated[float, "2.5 % bound of loss_heldout, bootstrap over documents"]
    loss_heldout_high: Annotated[float, "97.5 % bound of loss_heldout, bootstrap over documents"]
    bits_per_byte: Annotated[float, "held-out loss in bits per byte of text: comparable between tokenizers"]
    perplexity: Annotated[float, "exp(loss_heldout)"]
    perplexity_sentence: Annotated[float | None, "of P1's one sentence; null where not asked for"]
    heldout_tokens: Annotated[int, "held-out tokens evaluated on"]
    heldout_documents: Annotated[int, "held-out documents evaluated on"]
    corpus_fingerprint: Annotated[str, "sha256 over the ordered documents"]
    corpus_synthetic: Annotated[bool, "whether a program generated the text"]
    tokenizer_fingerprint: Annotated[str, "sha256 over the tokenizer"]
    device: Annotated[str, "`cpu`, or the UUIDs of its GPUs, joined by `+`"]
    threads: Annotated[int, "torch threads"]
    reasons: Annotated[dict[str, str], "what the program chose by itself, and why"]
    stopped: Annotated[Stop, "what ended the training: its budget, or a rule that stopped it early"]
    spans: Annotated[tuple[Span, ...], "load, train, eval, save; training is cut where something interrupts it"]
    intervals: Annotated[tuple[Interval, ...], "the trajectory, from zero tokens on"]
    step_losses: Annotated[tuple[Float32, ...], "training loss of each optimizer step, nats per token"]
