from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from raystudy.errors import CorpusError
from raystudy.study import Recipe
from raystudy.training.corpora.prepared import Corpus
from raystudy.training.sequences import (
    IGNORED,
    DataOrder,
    Sequences,
    heldout_windows,
    packed,
    sequences_of,
    sequences_of_examples,
    truncated,
)
from tests.training.made import chosen, task_of

EOS = 99


def corpus_of(*lengths: int) -> Corpus:
    """Return a corpus, both sides alike: tokens count upwards, each document ends with EOS."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = np.arange(offsets[-1]).astype(np.uint16)
    tokens[offsets[1:] - 1] = EOS
    return Corpus(
        name="counting",
        train=tokens,
        train_offsets=offsets,
        heldout=tokens,
        heldout_offsets=offsets,
        heldout_bytes=np.array(lengths) * 10,
        fingerprint="",
        tokenizer_fingerprint="",
        vocabulary=100,
        eos=EOS,
        tokenizer_file=Path("tokenizer.json"),
        duplicates=0,
    )


class TestPacked:
    def test_targets_are_the_inputs_one_further(self) -> None:
        """Windows follow each other, documents end to end, and each target is the next token."""
        inputs, targets = packed(corpus_of(4, 6), 3, None).rows(np.array([0, 2]))

        assert (inputs.tolist(), targets.tolist()) == ([[0, 1, 2], [6, 7, 8]], [[1, 2, EOS], [7, 8, EOS]])

    def test_windows_share_no_target(self) -> None:
        """One pass sees each token of the stream as a target once, but the first and what is left of a window."""
        sequences = packed(corpus_of(40, 61), 8, None)
        _, targets = sequences.rows(np.arange(len(sequences)))

        assert (targets.size, sequences.tokens_in_set) == (96, 96)

    def test_unique_tokens_takes_the_nearest_number_of_documents(self) -> None:
        """The set is made of the first whole documents that come nearest to what was asked for."""
        sets = [packed(corpus_of(10, 10, 30), 1, asked).tokens_in_set + 1 for asked in (1, 14, 17, 34, 36)]

        assert sets == [10, 10, 20, 20, 50]

    def test_more_unique_tokens_than_there_are_is_refused(self) -> None:
        """A study does not silently repeat what it claims to be fresh."""
        with pytest.raises(CorpusError, match=r"unique_tokens = 51, .* hold 50 tokens"):
            packed(corpus_of(20, 30), 4, 51)

    def test_too_few_tokens_for_a_sequence_are_refused(self) -> None:
        """The error tells how many tokens there are and how many a sequence takes."""
        with pytest.raises(CorpusError, match=r"hold 8 tokens; one sequence of context = 8 takes 9"):
            packed(corpus_of(4, 4), 8, None)


class TestTruncated:
    def test_a_document_is_cut_or_padded(self) -> None:
        """Each document is one sequence of context + 1 tokens at most; what is missing is padded, and no target."""
        inputs, targets = truncated(corpus_of(3, 6), 4, None).rows(np.array([0, 1]))

        assert inputs.tolist() == [[0, 1, EOS, EOS], [3, 4, 5, 6]]
        assert targets.tolist() == [[1, EOS, IGNORED, IGNORED], [4, 5, 6, 7]]

    def test_padding_is_not_counted(self) -> None:
        """Tokens of the set, and of a batch, are its real targets."""
        sequences = truncated(corpus_of(3, 6), 4, None)
        _, targets = sequences.rows(np.arange(2))

        assert (sequences.tokens_in_set, sequences.n_targets(np.array([0])), int((targets != IGNORED).sum())) == (
            6,
            2,
            6,
        )

    def test_the_last_document_may_end_the_stream(self) -> None:
        """A short last document is padded without reading past the tokens."""
        _, targets = truncated(corpus_of(6, 2), 4, None).rows(np.array([1]))

        assert targets.tolist() == [[EOS, IGNORED, IGNORED, IGNORED]]

    def test_documents_without_a_target_are_left_out(self) -> None:
        """One token predicts nothing."""
        assert len(truncated(corpus_of(1, 3, 1, 5), 4, None)) == 2


def test_the_recipe_chooses_the_packing() -> None:
    """`packing`, `context` and `unique_tokens` of a recipe decide the sequences."""
    corpus = corpus_of(10, 20, 30)
    chosen = [
        sequences_of(corpus, Recipe(packing=kind, context=5, unique_tokens=30)) for kind in ("packed", "truncated")
    ]

    assert [len(sequences) for sequences in chosen] == [5, 2]


def test_a_share_of_the_tokens_is_so_many_of_them() -> None:
    """unique_fraction = .5 of 60 tokens is unique_tokens = 30; the smallest share is still a document."""
    corpus = corpus_of(10, 20, 30)
    sets = [sequences_of(corpus, Recipe(context=1, unique_fraction=share)).tokens_in_set + 1 for share in (0.5, 1e-9)]

    assert sets == [30, 10]


class TestExamples:
    TASK = task_of([([1, 2], [[3], [4, 5]], 1), ([6], [[7, 8], [9]], 0), ([1, 2, 3, 4], [[5]], 0)])

    def sequences(self, *indices: int, **changes: object) -> Sequences:
        """Make sequences of some of three examples with 4, 3 and 5 tokens."""
        recipe = Recipe.model_validate({"corpus": "stdlib-areas", "context": 16} | changes)
        return sequences_of_examples(self.TASK, chosen(*indices), recipe)

    def test_only_the_answer_is_learnt(self) -> None:
        """Prompt and right answer follow an end of text; the prompt is read, and no target."""
        inputs, targets = self.sequences(0, 1).rows(np.array([0, 1]))

        assert inputs.tolist() == [[0, 1, 2, 4], [0, 6, 7, 8]]
        assert targets.tolist() == [[IGNORED, IGNORED, 4, 5], [IGNORED, 7, 8, IGNORED]]

    def test_all_of_it_can_be_learnt(self) -> None:
        """With loss_on = "all" the tokens of the prompt are targets as well."""
        _, targets = self.sequences(0, 1, loss_on="all").rows(np.array([0, 1]))

        assert targets.tolist() == [[1, 2, 4, 5], [6, 7, 8, IGNORED]]

    def test_read_and_learnt_tokens_are_counted_apart(self) -> None:
        """A budget counts what is read: prompt and answer, whichever is learnt."""
        sequences, both = self.sequences(0, 1), np.array([0, 1])

        assert (sequences.tokens_in_set, sequences.n_targets(both), sequences.n_learnt(both)) == (7, 7, 4)
        assert self.sequences(0, 1, loss_on="all").n_learnt(both) == 7

    def test_a_batch_is_as_wide_as_its_longest_example(self) -> None:
        """Each batch is padded to its own longest; but to the context where each width would be compiled."""
        widths = [self.sequences(0, 1, 2).width(np.array(some)) for some in ([0], [1], [0, 1, 2])]

        assert widths == [4, 3, 5]
        assert self.sequences(0, 1, compile=True).rows(np.array([0]))[0].shape == (1, 16)

    def test_the_order_of_drawing_does_not_matter(self) -> None:
        """Two samplers that chose the same examples give the same sequences."""
        one, other = self.sequences(2, 0, 1), self.sequences(0, 1, 2)

        assert one.rows(np.arange(3))[1].tolist() == other.rows(np.arange(3))[1].tolist()


class TestDataOrder:
    def test_each_pass_sees_each_sequence_once(self) -> None:
        """A pass is a permutation; batches may cross into the next one, which has another order."""
        order = DataOrder(10, seed=1)
        taken = np.concatenate([order.take(4) for _ in range(5)])
        first, second = taken[:10].tolist(), taken[10:].tolist()

        assert (sorted(first), sorted(second), first != second) == (list(range(10)), list(range(10)), True)

    def test_a_short_training_sees_the_beginning_of_a_long_one(self) -> None:
        """The order does not depend on how much is taken, nor in which portions."""
        one, other = DataOrder(10, seed=1), DataOrder(10, seed=1)

        assert np.concatenate([one.take(3), one.take(22)]).tolist() == other.take(25).tolist()

    def test_another_seed_is_another_order(self) -> None:
        """Repetitions differ in the order of their data."""
        one, other = DataOrder(100, seed=1).take(100), DataOrder(100, seed=2).take(100)

        assert one.tolist() != other.tolist()

    def test_the_order_is_the_same_everywhere(self) -> None:
        """NumPy promises PCG64's bits, not what it makes of them; a version that changes the order shows here."""
        assert DataOrder(5, seed=1).take(10).tolist() == [4, 0, 1, 2, 3, 1, 4, 0, 3, 2]


class TestHeldout:
    def test_every_token_of_a_document_is_a_target(self) -> None:
        """An end of text stands before the first document too, so that all documents are treated alike."""
        heldout = heldout_windows(corpus_of(3, 4), 4, 1_000)

        assert heldout.inputs.tolist() == [[EOS, 0, 1, EOS], [3, 4, 5, EOS]]
        assert heldout.targets.tolist() == [[0, 1, EOS, 3], [4, 5, EOS, IGNORED]]
        assert heldout.documents.tolist() == [[0, 0, 0, 1], [1, 1, 1, -1]]

    def test_whole_documents_reach_the_limit(self) -> None:
        """Documents are taken whole until they hold at least what was asked for."""
        corpus = corpus_of(10, 10, 30)
        taken = [heldout_windows(corpus, 4, asked).n_tokens for asked in (1, 10, 11, 20, 21, 50, 9_999)]

        assert taken == [10, 10, 20, 20, 50, 50, 50]

    def test_bytes_are_those_of_the_documents_taken(self) -> None:
        """Bits per byte divide by the bytes of what was evaluated, and of nothing else."""
        heldout = heldout_windows(corpus_of(10, 10, 30), 4, 15)

        assert (heldout.n_bytes, heldout.n_documents) == (200, 2)

    def test_losses_can_be_summed_by_document(self) -> None:
        """The document of each target has as many targets as the document has tokens."""
        lengths = (3, 9, 1, 5)
        heldout = heldout_windows(corpus_of(*lengths), 4, 99)
        counted = np.bincount(heldout.documents[heldout.documents >= 0])

        assert tuple(counted) == lengths


def test_stream_is_cut_at_document_ends() -> None:
    """However many unique tokens are asked for, the set ends with a document."""
    corpus = corpus_of(7, 9, 11, 13)
    ends = {packed(corpus, 1, asked).tokens_in_set + 1 for asked in range(1, 41)}

    assert ends == {end for _, end in pairwise(corpus.train_offsets.tolist())}
