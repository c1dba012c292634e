"""Held-out examples are laid out so that each choice sees its prompt and itself, and little is padded."""

import numpy as np
import pytest

from raystudy.training.questions import PADDING, PROMPT, Batch, laid_out, n_evaluated
from tests.training.made import EOS, Made, random_examples, task_of

ONE: Made = ([7, 8], [[1, 2, 3], [4], [5, 6]], 1)


def predictions(batch: Batch) -> list[tuple[int, int, int]]:
    """Return sum, token that is read, and token that is predicted after it."""
    read = batch.inputs[batch.rows, batch.places]
    return list(zip(batch.sums.tolist(), read.tolist(), batch.targets.tolist(), strict=True))


class TestShared:
    def test_choices_follow_the_prompt_without_their_last_tokens(self) -> None:
        """Three choices of 3, 1 and 2 tokens add 2, 0 and 1 inputs, at the positions after the prompt."""
        (batch,) = laid_out(task_of([ONE]), [0], shared=True, with_prompts=False)

        assert [[EOS, 7, 8, 1, 2, 5]] == batch.inputs.tolist()
        assert [[0, 1, 2, 3, 4, 3]] == batch.positions.tolist()
        assert [[PROMPT, PROMPT, PROMPT, 1, 1, 3]] == batch.parts.tolist()

    def test_first_tokens_are_predicted_by_the_prompt(self) -> None:
        """Each choice begins after the prompt's last token, 8, whatever choice stands before it."""
        (batch,) = laid_out(task_of([ONE]), [0], shared=True, with_prompts=False)

        assert [(0, 8, 1), (0, 1, 2), (0, 2, 3), (1, 8, 4), (2, 8, 5), (2, 5, 6)] == predictions(batch)

    def test_prompts_are_summed_where_asked_for(self) -> None:
        """The sum of a prompt stands after those of all choices, its first token predicted by the end of text."""
        (batch,) = laid_out(task_of([ONE]), [0], shared=True, with_prompts=True)

        assert [(3, EOS, 7), (3, 7, 8)] == predictions(batch)[:2]


class TestApart:
    def test_each_choice_has_a_plain_sequence(self) -> None:
        """No part but the prompt is named, so no mask is needed; a prompt is summed once."""
        (batch,) = laid_out(task_of([ONE]), [0], shared=False, with_prompts=True)

        assert [[EOS, 7, 8, 0, 0], [EOS, 7, 8, 5, 0], [EOS, 7, 8, 1, 2]] == batch.inputs.tolist()
        assert PROMPT == batch.parts.max()
        assert 2 == (batch.sums == 3).sum()


@pytest.mark.parametrize("shared", [True, False])
def test_every_token_of_every_choice_is_predicted_once(shared: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """However rows are batched, each choice has as many targets as tokens, each prompt too."""
    task = task_of(random_examples(300, seed=1))
    batches = laid_out(task, range(300), shared=shared, with_prompts=True)
    counted = np.bincount(np.concatenate([batch.sums for batch in batches]))
    lengths = np.concatenate([task.heldout.choice_lengths, task.heldout.prompt_lengths])

    assert lengths.tolist() == counted.tolist()
    assert len(batches) > 1


def test_rows_of_like_width_are_padded_little() -> None:
    """Sorted by width, 300 rows of 4 to 55 positions are padded by less than a sixth."""
    batches = laid_out(task_of(random_examples(300, seed=1)), range(300), shared=True, with_prompts=False)
    padding = sum(int((batch.parts == PADDING).sum()) for batch in batches)

    assert 0 < padding / sum(batch.parts.size for batch in batches) < 1 / 6


def test_whole_examples_reach_the_limit() -> None:
    """Examples of 4, 6 and 3 tokens: whole ones until the limit is reached, at least two, at most all."""
    made: list[Made] = [([1, 2, 3], [[4]], 0), ([1, 2, 3, 4], [[5, 6]], 0), ([1, 2], [[3]], 0)]
    examples = task_of(made).heldout

    assert [2, 2, 2, 3, 3] == [n_evaluated(examples, asked) for asked in (1, 4, 10, 11, 999)]
