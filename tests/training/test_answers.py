"""The log-likelihood of each choice, whichever way it is computed, and what a model is said to answer."""

import math

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedModel

from raystudy.study import Recipe
from raystudy.training import models
from raystudy.training.answers import Logliks, logliks, questions_of, score_answers
from raystudy.training.questions import laid_out
from raystudy.training.shapes import SHAPES
from raystudy.training.tasks.prepared import Task
from tests.training.made import EOS, Made, random_examples, task_of


def model_of(seed: int) -> PreTrainedModel:
    """Return a model whose weights are large, so that what it sees matters."""
    torch.manual_seed(seed)
    model = models.build(SHAPES["tiny-0.1m"])
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(5.0)
    return model.train()


def plain_logliks(model: PreTrainedModel, task: Task) -> Logliks:
    """Return the log-likelihood of each choice from one forward pass each, written as plainly as can be."""
    examples, told = task.heldout, []
    for index in range(len(examples)):
        prompt = examples.prompts[examples.prompt_offsets[index] : examples.prompt_offsets[index + 1]].tolist()
        for choice in range(examples.first_choices[index], examples.first_choices[index + 1]):
            tokens = examples.choices[examples.choice_offsets[choice] : examples.choice_offsets[choice + 1]].tolist()
            ids = torch.tensor([[EOS, *prompt, *tokens]])
            with torch.no_grad():
                log_p = model(input_ids=ids).logits[0].log_softmax(-1)
            told.append(sum(log_p[len(prompt) + i, token].item() for i, token in enumerate(tokens)))
    return np.array(told)


@pytest.mark.parametrize("shared", [True, False])
def test_choices_that_share_a_sequence_score_as_alone(shared: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """Forty examples of two to five choices equal one pass a choice, padding and batches notwithstanding."""
    model, task = model_of(1), task_of(random_examples(40, seed=2))
    told, _ = logliks(model, task, laid_out(task, range(40), shared=shared, with_prompts=False))

    assert pytest.approx(plain_logliks(model, task), abs=1e-4) == told


def test_the_model_is_left_in_training_mode() -> None:
    """An evaluation interrupts a training."""
    model, task = model_of(1), task_of(random_examples(2, seed=2))
    logliks(model, task, laid_out(task, [0], shared=True, with_prompts=False))

    assert model.training


def test_a_model_that_takes_no_masks_gets_one_sequence_a_choice() -> None:
    """Where a mask changes the answer, or is refused, choices are scored apart; nobody has to know of it."""

    class Deaf(torch.nn.Module):
        """Reads tokens, whatever it may see of them."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = model_of(1)

        def forward(self, input_ids: torch.Tensor, **_: object) -> object:
            return self.inner(input_ids=input_ids, use_cache=False)

    class Strict(Deaf):
        """Takes tokens and nothing else."""

        def forward(self, input_ids: torch.Tensor, *, use_cache: bool) -> object:  # type: ignore[override]
            return self.inner(input_ids=input_ids, use_cache=use_cache)

    task, recipe = task_of(random_examples(20, seed=3)), Recipe(corpus="stdlib-areas")
    candidates = [model_of(1), Deaf(), Strict()]
    asked = [questions_of(task, recipe, model) for model in candidates]
    modes = [model.training for model in candidates]
    scores = [score_answers(model, each, recipe) for model, each in zip(candidates, asked, strict=True)]

    assert [True, False, False] == [each.shared for each in asked]
    assert [True, True, True] == modes
    assert pytest.approx(scores[0].loss, rel=1e-5) == scores[1].loss == scores[2].loss


def test_another_architecture_takes_masks_too() -> None:
    """Learnt positions start again after the prompt as rotary ones do."""
    torch.manual_seed(1)
    gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=1024, n_positions=64, n_embd=32, n_layer=1, n_head=2))

    assert questions_of(task_of(random_examples(20, seed=3)), Recipe(corpus="stdlib-areas"), gpt2).shared


class Told(torch.nn.Module):
    """A model that gives each token the probability it is told, whatever came before."""

    def __init__(self, **probabilities: float) -> None:
        super().__init__()
        rest = (1 - sum(probabilities.values())) / (1024 - len(probabilities))
        logits = torch.full((1024,), math.log(rest))
        for token, p in probabilities.items():
            logits[int(token[1:])] = math.log(p)
        self.logits = torch.nn.Parameter(logits)

    def forward(self, input_ids: torch.Tensor, **_: object) -> "Told.Output":
        """Return the same logits everywhere."""
        return Told.Output(self.logits.expand(*input_ids.shape, -1))

    class Output:
        """What transformers' models return."""

        def __init__(self, logits: torch.Tensor) -> None:
            self.logits = logits


class TestScoreBy:
    # Token 1 has probability .5, token 2 .2, token 3 .25, token 9 next to none.
    TASK = task_of([([1, 1], [[3, 3], [2]], 0), ([9, 9], [[3, 3], [2]], 0)])
    MODEL = Told(t1=0.5, t2=0.2, t3=0.25)

    @pytest.mark.parametrize(
        ("by", "correct"), [("sum", [False, False]), ("mean", [True, True]), ("whole", [False, True])]
    )
    def test_length_decides(self, by: str, correct: list[bool]) -> None:
        """
        The sum prefers the short choice, ln .2 > 2 ln .25; the mean the long one, ln .25 > ln .2.

        With the prompt, P3's way, the short one wins after a likely prompt, (2 ln .5 + ln .2) / 3 = -1.00 against
        (2 ln .5 + 2 ln .25) / 4 = -1.04, and the long one dilutes an unlikely prompt.
        """
        recipe = Recipe.model_validate({"corpus": "stdlib-areas", "score_by": by})
        told = score_answers(self.MODEL, questions_of(self.TASK, recipe, self.MODEL), recipe)

        assert correct == [answer.correct for answer in told.answers]

    def test_equals_go_to_the_first(self) -> None:
        """A model that knows nothing answers with the first choice."""
        task = task_of([([1], [[5], [6]], 0), ([1], [[6], [5]], 1)])
        model, recipe = Told(), Recipe(corpus="stdlib-areas")
        told = score_answers(model, questions_of(task, recipe, model), recipe)

        assert [True, False] == [answer.correct for answer in told.answers]


class TestLoss:
    MADE: tuple[Made, ...] = (([1, 1], [[3, 3], [2]], 0), ([1], [[3, 3], [2]], 1))
    TASK, MODEL = task_of(MADE), Told(t1=0.5, t2=0.2, t3=0.25)

    def test_of_the_answers(self) -> None:
        """Nats per token of the right answers, and bits per byte of them: here 3 tokens, 6 bytes."""
        recipe = Recipe(corpus="stdlib-areas")
        told = score_answers(self.MODEL, questions_of(self.TASK, recipe, self.MODEL), recipe)
        nats = -2 * math.log(0.25) - math.log(0.2)

        assert (3, 2) == (told.tokens, told.documents)
        assert pytest.approx((nats / 3, nats / math.log(2) / 6)) == (told.loss, told.bits_per_byte)
        assert pytest.approx([2 * math.log(0.25), math.log(0.2)]) == [answer.loglik for answer in told.answers]

    def test_of_all_tokens(self) -> None:
        """With loss_on = "all" the prompts count too: 3 tokens more of probability .5; the answers are scored alike."""
        recipe = Recipe(corpus="stdlib-areas", loss_on="all")
        told = score_answers(self.MODEL, questions_of(self.TASK, recipe, self.MODEL), recipe)
        nats = -2 * math.log(0.25) - math.log(0.2) - 3 * math.log(0.5)

        assert 6 == told.tokens
        assert pytest.approx((nats / 6, nats / math.log(2) / 12)) == (told.loss, told.bits_per_byte)
        assert pytest.approx([2 * math.log(0.25), math.log(0.2)]) == [answer.loglik for answer in told.answers]
