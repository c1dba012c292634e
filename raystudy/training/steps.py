"""The steps of one training: batch in, weights changed, tokens counted.

order ──indices──▶ Sequences ──inputs, targets──▶ share ──▶ model ──loss──▶ gradients, of all processes ──▶ AdamW
                                                  └─ in as few passes as memory allows ─┘
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from raystudy.errors import DivergedError
from raystudy.record.schema import Float32
from raystudy.study import Recipe
from raystudy.training.checkpoint import Counts, State, random_state, restore_random_state
from raystudy.training.loss import summed_cross_entropy
from raystudy.training.optimizer import Optimizer, autocast, learning_rate
from raystudy.training.parallel import STATE, STEP, Team
from raystudy.training.sequences import DataOrder, Rows, Sequences


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a training is."""

    tokens_seen: int
    budget_tokens: int
    loss: float
    """Of the last step, nats per token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """What a run of steps gave."""

    loss: float
    """Mean training loss, nats per token."""
    learning_rate: float
    """Of the last step."""
    gradient_norm: float
    """Of the last step, before clipping."""
    losses: tuple[Float32, ...]
    """Of each step."""


class Steps:
    """A training that can be advanced; it counts what it has seen."""

    def __init__(
        self,
        model: torch.nn.Module,
        sequences: Sequences,
        recipe: Recipe,
        *,
        order_seed: int,
        sequences_a_pass: int,
        team: Team,
    ) -> None:
        """Take a model that is on its device already, and wait for the other processes of the team."""
        self.taken = self.sequences_seen = self.tokens_seen = self.padding_seen = self.pairs_seen = 0
        self.budget_tokens = sequences.budget_tokens(recipe)
        self.sequences_a_pass = sequences_a_pass
        self._last_sequence = None if recipe.tokens else (recipe.epochs or 1) * len(sequences)
        self._model, self._sequences, self._recipe, self._team = model, sequences, recipe, team
        self._synced = team.synced(model)
        self._device = next(model.parameters()).device
        self._order_seed = order_seed
        self._order = DataOrder(len(sequences), order_seed)
        trained = (each for each in model.parameters() if each.requires_grad)
        self._optimizer = Optimizer(recipe, trained, self._device)
        self._step_loss = torch.zeros((), device=self._device)

    @property
    def finished(self) -> bool:
        """Whether the budget is spent: in tokens, rounded up to a step, or in whole passes."""
        if self._last_sequence is not None:
            return self.sequences_seen >= self._last_sequence
        return self.tokens_seen >= self.budget_tokens

    @property
    def state(self) -> State:
        """What the next step depends on; its tensors are those in use, so it is to be written before the next step."""
        self._team.tell(STATE)
        counts = Counts(
            steps=self.taken,
            sequences=self.sequences_seen,
            tokens=self.tokens_seen,
            padding=self.padding_seen,
            pairs=self.pairs_seen,
            sequences_a_pass=self.sequences_a_pass,
        )
        weights = {f"model.{name}": each for name, each in self._weights()}
        optimizer = {f"optimizer.{name}": each for name, each in self._optimizer.state().items()}
        random = {
            _of_rank(name, rank): each
            for name, own in random_state(self._device).items()
            for rank, each in enumerate(self._team.gathered(own))
        }
        return State(counts=counts, tensors=weights | optimizer | random)

    def restore(self, state: State) -> None:
        """Go on from a state as if nothing had happened."""
        counts, tensors, optimizer = state.counts, state.tensors, "optimizer."
        with torch.no_grad():
            for name, each in self._weights():
                each.copy_(tensors[f"model.{name}"])
        self._optimizer.restore({k.removeprefix(optimizer): v for k, v in tensors.items() if k.startswith(optimizer)})
        own = {name: tensors[_of_rank(name, self._team.rank)] for name in random_state(self._device)}
        restore_random_state(self._device, own)
        self.taken, self.sequences_seen = counts.steps, counts.sequences
        self.tokens_seen, self.padding_seen, self.pairs_seen = counts.tokens, counts.padding, counts.pairs
        self.sequences_a_pass = counts.sequences_a_pass
        self._order = DataOrder(len(self._sequences), self._order_seed, taken=counts.sequences)

    def _weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield parameters and buffers by name; tied ones once."""
        yield from self._model.named_parameters()
        yield from self._model.named_buffers()

    @property
    def progress(self) -> Progress:
        """How far the training is; waits for the device."""
        return Progress(tokens_seen=self.tokens_seen, budget_tokens=self.budget_tokens, loss=self._step_loss.item())

    def until(self, tokens: float, tell: Callable[["Steps"], None]) -> Stretch:
        """
        Take steps until `tokens` are seen or the budget is spent; `tell` is called after each.

        Raises DivergedError where the loss is no number any more.
        """
        learnt, loss_sum = 0, torch.zeros((), device=self._device, dtype=torch.float64)
        losses = []
        while True:
            n_learnt, rate, norm = self.step()
            learnt += n_learnt
            loss_sum += self._step_loss * n_learnt
            losses.append(self._step_loss)
            tell(self)
            if self.finished or self.tokens_seen >= tokens:
                break
        mean_loss = loss_sum.item() / learnt
        if not math.isfinite(mean_loss):
            raise DivergedError(
                f"The training loss became {mean_loss} by step {self.taken:,} ({self.tokens_seen:,} tokens). "
                "Lower learning_rate or clip_norm, or choose precision bf16 or fp32."
            )
        return Stretch(
            loss=mean_loss,
            learning_rate=rate,
            gradient_norm=norm.item(),
            losses=tuple(map(Float32, torch.stack(losses).tolist())),
        )

    def warm_up(self) -> None:
        """
        Run batches of every size that will come forward and backward, and forget them.

        Compilation, kernel selection and allocations happen here, so that no trial is charged for them. On a GPU the
        passes are halved until they fit beside the optimizer's state; one that the recipe names is left alone. The last
        pass is one of all processes together.
        """
        self._optimizer.allocate()
        longest = np.argsort(-self._sequences.lengths, kind="stable")
        last = 0 if self._last_sequence is None else self._last_sequence % self._recipe.batch_size
        for size in filter(None, (last, self._recipe.batch_size)):
            batch = self._share(self._sequences.rows(np.resize(longest, size)))
            while not self._fits(*batch):
                self.sequences_a_pass = (self.sequences_a_pass + 1) // 2
        self.sequences_a_pass = self._team.least(self.sequences_a_pass)
        self._accumulate(*batch, n_tokens=batch[1].numel())
        self._optimizer.forget()

    def _fits(self, inputs: torch.Tensor, targets: torch.Tensor) -> bool:
        """Whether the memory of the GPU holds a pass of this batch; raises where no smaller one may be tried."""
        try:
            self._accumulate(inputs, targets, n_tokens=targets.numel(), alone=True)
        except torch.cuda.OutOfMemoryError:
            if self.sequences_a_pass == 1 or self._recipe.micro_batch_size is not None:
                raise
            return False
        finally:
            self._optimizer.forget()
        return True

    def step(self) -> tuple[int, float, torch.Tensor]:
        """Take one step; returns how many tokens it learnt, its learning rate, and the norm of its gradient."""
        self._team.tell(STEP)
        left = math.inf if self._last_sequence is None else self._last_sequence - self.sequences_seen
        indices = self._order.take(int(min(self._recipe.batch_size, left)))
        rows = self._sequences.rows(indices)
        n_tokens, n_learnt = self._sequences.n_targets(indices), self._sequences.n_learnt(indices)
        self._step_loss = self._accumulate(*self._share(rows), n_tokens=n_learnt)
        self.taken += 1
        self.sequences_seen += len(indices)
        self.tokens_seen += n_tokens
        positions, width = rows[0].size, rows[0].shape[1]
        self.padding_seen += positions - n_tokens
        self.pairs_seen += positions * width
        rate = learning_rate(self._recipe, min(self.tokens_seen / self.budget_tokens, 1.0))
        return n_learnt, rate, self._optimizer.step(rate)

    def _share(self, rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what this process takes of a batch, on the device."""
        inputs, targets = map(torch.from_numpy, self._team.share(rows))
        return inputs.to(self._device), targets.to(self._device)

    def _accumulate(
        self, inputs: torch.Tensor, targets: torch.Tensor, *, n_tokens: int, alone: bool = False
    ) -> torch.Tensor:
        """
        Add the gradients of the batch's mean loss, and return that loss, still on the device.

        The last pass adds those of the other processes to what all passes gave, unless it is to be done `alone`.
        """
        total = torch.zeros((), device=self._device)
        passes = [each.split(self.sequences_a_pass) for each in (inputs, targets)]
        left = len(passes[0])
        for some_inputs, some_targets in zip(*passes, strict=True):
            left -= 1
            model = self._model if left or alone else self._synced
            with autocast(self._recipe, self._device):
                logits = model(input_ids=some_inputs, use_cache=False).logits
            loss = summed_cross_entropy(logits.flatten(0, 1), some_targets.flatten())
            self._optimizer.backward(loss / (n_tokens / self._team.size))  # of the gradients the mean is taken
            total += loss.detach() / n_tokens
        return total if alone else self._team.summed(total)


def _of_rank(name: str, rank: int) -> str:
    """Name what each process has for itself; the first one's is called as that of a process alone."""
    return f"{name}.{rank}" if rank else name
