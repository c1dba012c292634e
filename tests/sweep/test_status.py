"""What a sweep says of itself while it runs."""

from raystudy.sweep.status import Drought


def said(*looks: tuple[float, int]) -> list[str]:
    """Return what is told of looks at these times, with so many nodes, in the first words."""
    drought = Drought()
    told = [drought.sentence(now_s, nodes=nodes) for now_s, nodes in looks]
    return [sentence.split(" that ")[0] for sentence in told if sentence]


def test_a_cluster_without_a_node_is_told_once() -> None:
    """Trials would wait for ever without a word: after 30 s it is said, and once more when a node is back."""
    assert ["no node has been there for 30 s", "a node"] == said((0, 1), (1, 0), (30, 0), (31, 0), (60, 0), (61, 1))


def test_a_node_that_is_replaced_is_not_told() -> None:
    """A short time without any is no news, nor is the end of it; each time counts for itself."""
    assert [] == said((0, 0), (29, 0), (29.5, 2), (40, 0), (60, 0), (61, 1))
