"""The Grafana board in the docs, against what the monitors export."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from raystudy.power import export

BOARD: dict[str, Any] = json.loads(Path("docs/grafana/raystudy.json").read_text())
EXPORTED = {f"ray_{name}" for name in re.findall(r'"(raystudy_\w+)"', inspect.getsource(export.Export))}
OF_RAY = {"ray_actors": {"Name", "State"}}
"""Metrics of Ray itself, with the labels that are used of them."""
WORDS = {"by", "sum", "max", "increase", "__range", "h"}


def expressions() -> Iterator[str]:
    """Yield each query of the board, those of its variables too."""
    for panel in BOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))
    yield from (each["query"]["query"] for each in BOARD["templating"]["list"] if each["type"] == "query")


@pytest.mark.parametrize("expression", list(expressions()))
def test_a_panel_asks_for_what_is_exported(expression: str) -> None:
    """Each metric of a query is one that a monitor exports, or Ray, and each label is one that it has."""
    metric = re.findall(r"ray_\w+", expression)
    unquoted = re.sub(r'"[^"]*"', "", expression)
    labels = set(re.findall(r"[A-Za-z_]+", unquoted)) - {*metric, *WORDS, "label_values"}

    assert metric
    assert set(metric) <= EXPORTED | OF_RAY.keys()
    assert labels <= set(export.LABELS).union(*(OF_RAY.get(name, set()) for name in metric))


def test_both_metrics_are_shown() -> None:
    """A metric that is exported for nobody would be idle work."""
    assert EXPORTED == {name for expression in expressions() for name in re.findall(r"ray_raystudy_\w+", expression)}


def test_scopes_are_never_added_up() -> None:
    """They contain each other: each sum of watts or joules keeps them apart."""
    sums = [each for each in expressions() if each.startswith("sum") and "raystudy" in each]

    assert sums
    assert all("scope" in each.partition(")")[0] for each in sums)


def test_the_source_is_chosen_by_the_reader() -> None:
    """Nobody's Prometheus has the same id: the board takes it from a variable."""
    sources = {panel["datasource"]["uid"] for panel in BOARD["panels"] if "datasource" in panel}

    assert {"${datasource}"} == sources
    assert "datasource" == BOARD["templating"]["list"][0]["type"]


def test_labels_are_bounded() -> None:
    """A label a trial would make a series a trial, for ever."""
    assert ("device", "scope", "node") == export.LABELS
