"""`stdlib-areas`: a docstring of the running Python's library, and the area of the library that it is from.

The embedded default of labelled examples, split by file: 6,871 of them on Python 3.11, seven areas, 94 characters in
the median. Many docstrings name their own module; that they leak a little is part of the task.
"""

from collections.abc import Iterator

from raystudy.study import Recipe
from raystudy.training.corpora import areas, stdlib
from raystudy.training.tasks.example import Example, Source


def examples(recipe: Recipe, *, allow_hub: bool) -> Iterator[Example]:  # noqa: ARG001 - there is but one, and it is here
    """Yield every docstring that has an area."""
    for one in areas.docstrings(stdlib.library()):
        yield Example(value=one.text, answer=one.area, group=one.file)


SOURCE = Source(examples=examples, identity=areas.identity, text_prompt="{text}\nArea:")
