"""What a training on labelled examples gave besides: which examples it took, and how well it answers others.

All of it is null where a training reads plain text.
"""

from dataclasses import dataclass
from typing import Annotated

from raystudy.record.schema import Float32


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What a model says of one held-out example."""

    correct: bool
    """Whether the right choice is the likeliest."""
    loglik: float
    """Log-likelihood of the right answer, nats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldoutAnswer:
    """What a model says of one held-out example, after its training and before."""

    example: Annotated[str, "first 12 digits of the sha256 of the example"]
    correct: Annotated[bool, "whether the right choice is the likeliest"]
    loglik: Annotated[Float32, "log-likelihood of the right answer, nats"]
    correct_before: Annotated[bool, "as correct, before any training: zero-shot"]
    loglik_before: Annotated[Float32, "as loglik, before any training: zero-shot"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """What is known of a training on labelled examples only."""

    ran_sha256: Annotated[
        str | None, "of what ran: sequences, weights at the start, and the seeds and settings in force; copies agree"
    ] = None
    base_sha256: Annotated[str | None, "of the weights that the training started from"] = None
    parameters_trained: Annotated[int | None, "parameters that were trained: with adapters, theirs alone"] = None
    train_examples: Annotated[int | None, "examples that there were to choose from"] = None
    sample_budget_tokens: Annotated[int | None, "the budget that the sampler was given"] = None
    sample_examples: Annotated[int | None, "N: examples that were chosen"] = None
    sample_mean_tokens: Annotated[float | None, "L: mean tokens of them, prompt and answer, after the cut"] = None
    sample_tokens: Annotated[int | None, "tokens of all of them: N x L"] = None
    sample_distinct: Annotated[int | None, "distinct examples among them"] = None
    sample_cut: Annotated[int | None, "examples among them whose prompt was cut to fit the context"] = None
    sample_classes: Annotated[int | None, "distinct right answers among them: labels, or letters of choices"] = None
    sample_sha256: Annotated[str | None, "of the chosen examples, whatever their order"] = None
    classes: Annotated[int | None, "distinct right answers in the whole corpus"] = None
    heldout_examples: Annotated[int | None, "examples evaluated on"] = None
    heldout_cut: Annotated[int | None, "examples among them whose prompt was cut to fit the context"] = None
    accuracy: Annotated[float | None, "share of held-out examples whose right choice is the likeliest"] = None
    accuracy_low: Annotated[float | None, "2.5 % bound of accuracy: Wilson's interval of a binomial share"] = None
    accuracy_high: Annotated[float | None, "97.5 % bound of accuracy: Wilson's interval of a binomial share"] = None
    accuracy_zero_shot: Annotated[float | None, "accuracy before any training"] = None
    accuracy_majority: Annotated[float | None, "accuracy of always giving the commonest answer to train on"] = None
    accuracy_constant: Annotated[float | None, "the most that one answer to all could reach, chosen in hindsight"] = (
        None
    )
    accuracy_chance: Annotated[float | None, "accuracy of a blind guess: mean of 1 / choices"] = None
    answer_loglik: Annotated[float | None, "mean log-likelihood of the right answer, nats per answer"] = None
    answer_loglik_low: Annotated[float | None, "2.5 % bound of answer_loglik, bootstrap over examples"] = None
    answer_loglik_high: Annotated[float | None, "97.5 % bound of answer_loglik, bootstrap over examples"] = None
    answer_loglik_zero_shot: Annotated[float | None, "answer_loglik before any training"] = None
    heldout_answers: Annotated[tuple[HeldoutAnswer, ...] | None, "one for each held-out example"] = None
