"""The schema is read off the dataclasses: types from annotations, units from names, meanings from their texts."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raystudy.record.observation import SCHEMA
from raystudy.record.schema import unit_of
from raystudy.study import Recipe
from tests.observations import observation, study_of


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("energy_j", "J"),
        ("energy_j_per_token", "J/token"),
        ("train_s", "s"),
        ("flops_ceiling_per_s", "FLOP/s"),
        ("flops", "FLOP"),
        ("tokens_seen", ""),
        ("peak_memory_bytes", "B"),
        ("power_rms_w", "W"),
        ("rate_hz", "Hz"),
        ("epochs", ""),
    ],
)
def test_the_unit_is_in_the_name(name: str, unit: str) -> None:
    """The longest suffix that is known tells the unit; counts have none."""
    assert unit == unit_of(name)


def fields(schema: pa.Schema | pa.StructType) -> Iterator[pa.Field]:
    """Yield all fields, nested ones too."""
    for field in schema:
        yield field
        if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            yield from (nested for nested in fields(field.type.value_type) if nested.name not in {"key", "value"})


def test_every_column_says_what_it_means() -> None:
    """A reader of the table needs no other document."""
    silent = [field.name for field in fields(SCHEMA) if not (field.metadata or {}).get(b"meaning")]

    assert [] == silent


def test_recipe_fields_are_columns() -> None:
    """Any field of the recipe may be a factor, so any is a column."""
    assert set(Recipe.model_fields) <= set(SCHEMA.names)


def test_an_observation_survives_its_file(tmp_path: Path) -> None:
    """Values, types, units and version are read as they were written."""
    study = study_of()
    written = observation(next(study.trials()), study=study).to_arrow()
    pq.write_table(written, tmp_path / "one.parquet")
    read = pq.read_table(tmp_path / "one.parquet")

    assert SCHEMA.equals(read.schema)
    assert b"J" == read.schema.field("energy_j").metadata[b"unit"]
    assert written.to_pylist() == read.to_pylist()
