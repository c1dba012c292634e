"""The learning rate follows its schedule over the token budget."""

import pytest

from raystudy.study import Recipe
from raystudy.training.optimizer import learning_rate


@pytest.mark.parametrize(
    ("schedule", "spent", "factor"),
    [
        ("cosine", 0.05, 0.5),
        ("cosine", 0.1, 1.0),
        ("cosine", 0.55, 0.55),
        ("cosine", 1.0, 0.1),
        ("constant", 0.05, 0.5),
        ("constant", 1.0, 1.0),
        ("wsd", 0.5, 1.0),
        ("wsd", 0.8, 1.0),
        ("wsd", 0.9, 0.55),
        ("wsd", 1.0, 0.1),
    ],
)
def test_schedules(schedule: str, spent: float, factor: float) -> None:
    """Linear warm-up over a tenth, then cosine to a tenth, constant, or stable with a linear decay over a fifth."""
    recipe = Recipe.model_validate({"schedule": schedule, "warmup_fraction": 0.1, "learning_rate": 2.0})

    assert pytest.approx(2.0 * factor) == learning_rate(recipe, spent)


def test_no_warm_up_starts_at_the_top() -> None:
    """A warm-up of nothing divides by nothing."""
    recipe = Recipe(warmup_fraction=0.0, schedule="constant", learning_rate=1e-6)

    assert 1e-6 == learning_rate(recipe, 0.0)
