"""Numbers in, numbers out: metrics, designs, tests and intervals; knows no study and no record.

    long table ──design──▶ subjects x levels ──anova, pairwise, intervals──▶ results, each a value or a typed Reason

`metrics` are polars expressions, `audit` says what a ratio metric is mostly made of.
"""
