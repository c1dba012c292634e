"""Doubts about any design that is tested: subjects that were left out, and too few of them for its levels.

Design ──▶ sentences, in the words of who asks: subjects and levels, or seeds and intervals
"""

from collections.abc import Iterator

from raystudy.analysis.words import counted, listing
from raystudy.stats.design import Design


def left_out(data: Design, *, subject: str, cell: str) -> Iterator[str]:
    """Subjects that lack a cell, by name; and cells that hold several rows."""
    if data.dropped:
        left = counted(len({each.subject for each in data.dropped}), subject)
        who = listing([str(each) for each in data.dropped], longest=12)
        yield f"{left} of {data.n_given:,} left out, since {cell} is empty: {who}."
    if data.replicates > 1:
        yield f"Up to {data.replicates:,} rows stand for {cell} of one {subject}, which is their mean."


def few_for_levels(data: Design, *, subjects: str, levels: str) -> Iterator[str]:
    """Fewer degrees of freedom than contrasts: a test of sphericity does not exist, and its estimate has a ceiling."""
    n, k = len(data.subjects), len(data.levels)
    if 0 < data.df < k - 1:
        yield (
            f"{n} {subjects} for {k} {levels}: Mauchly's test does not exist, and epsilon of Greenhouse and Geisser "
            f"cannot exceed {data.df / (k - 1):.3f}."
        )
