"""Study files with one mistake each, made from those in jobs/: what a user might type, and what no user would.

job ──one change──▶ (what was done, bytes of a file that is no study)
"""

import json
import math
import random
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

JOBS = sorted((Path(__file__).parents[2] / "jobs").glob("*.toml"))

Change = Callable[[dict[str, Any]], None]
"""Makes a mistake in the tables of a study."""

_MISTYPED: tuple[object, ...] = ({}, {"a": 1}, [], [[1]], -1, math.nan, "", " ", 1.5, True, 10**30, "\u202e\x1b[31m")
"""Put where something else is expected; see `_unfit`."""

_CHANGES: dict[str, Change] = {
    "no kind": lambda job: job.pop("kind"),
    "no name": lambda job: job.pop("name"),
    "no question": lambda job: job.pop("question"),
    "no repetitions": lambda job: job.pop("repetitions"),
    "no factors": lambda job: job.pop("factors"),
    "empty factors": lambda job: job.update(factors={}),
    "factors that are a list": lambda job: job.update(factors=["tokens"]),
    "factors that are a text": lambda job: job.update(factors="tokens"),
    "a factor without levels": lambda job: job.update(factors={"tokens": []}),
    "a factor that is a number": lambda job: job.update(factors={"tokens": 1000}),
    "a factor that is a text": lambda job: job.update(factors={"tokens": "1000"}),
    "nested factors": lambda job: job.update(factors={"recipe": {"tokens": [1000, 2000]}}),
    "nested levels": lambda job: job.update(factors={"tokens": [[1000], [2000]]}),
    "levels that are tables": lambda job: job.update(factors={"tokens": [{"n": 1000}, {"n": 2000}]}),
    "levels of mixed types": lambda job: job.update(factors={"tokens": [1000, "many"]}),
    "levels that are not true": lambda job: job.update(factors={"tokens": [True, False]}),
    "levels that are fractions": lambda job: job.update(factors={"tokens": [1000.5, 2000.5]}),
    "a level that is no number": lambda job: job.update(factors={"learning_rate": [1e-3, math.nan]}),
    "a level below zero": lambda job: job.update(factors={"batch_size": [8, -8]}),
    "a level beyond 64 bits": lambda job: job.update(factors={"tokens": [1000, 2**64]}),
    "a level twice": lambda job: job.update(factors={"batch_size": [8, 8]}),
    "levels whose trials have one name": lambda job: job.update(factors={"corpus_subject": ["a b", "a/b"]}),
    "a factor of another table": lambda job: job.update(factors={"rate_hz": [1.0, 10.0]}),
    "a factor of another table, dotted": lambda job: job.update(factors={"resources.gpus": [1, 2]}),
    "a factor that contradicts the budget": lambda job: job.update(factors={"epochs": [1, 2], "tokens": [10, 20]}),
    "a factor without a name": lambda job: job.update(factors={"": [1, 2]}),
    "a path as name": lambda job: job.update(name="../../etc/passwd"),
    "a parent as name": lambda job: job.update(name=".."),
    "a slash in the name": lambda job: job.update(name="a/b"),
    "a line in the name": lambda job: job.update(name="a\nb"),
    "a zero byte in the name": lambda job: job.update(name="a\x00b"),
    "a colour in the name": lambda job: job.update(name="\x1b[31mred"),
    "markup in the name": lambda job: job.update(name="[bold]a[/bold]"),
    "a long name with spaces": lambda job: job.update(name="very long " * 100),
    "an empty question": lambda job: job.update(question=""),
    "a kind of its own": lambda job: job.update(kind="ablation"),
    "a misspelt kind": lambda job: job.update(kind=job["kind"][1:]),
    "no repetition": lambda job: job.update(repetitions=0),
    "repetitions below zero": lambda job: job.update(repetitions=-3),
    "repetitions as text": lambda job: job.update(repetitions="3"),
    "repetitions as a fraction": lambda job: job.update(repetitions=2.5),
    "repetitions as a whole fraction": lambda job: job.update(repetitions=2.0),
    "repetitions beyond 64 bits": lambda job: job.update(repetitions=10**30),
    "a seed below zero": lambda job: job.update(seed=-1),
    "an extra key": lambda job: job.update(notes="to do"),
    "an extra key that paints": lambda job: job.update({"\x1b[31m[red]": 1}),
    "an extra key without a name": lambda job: job.update({"": 1}),
    "an extra table": lambda job: job.update(optimizer={"name": "sgd"}),
    "an extra table of tables": lambda job: job.update(optimizer={"sgd": {"momentum": 0.9}}),
    "recipe as a list of tables": lambda job: job.update(recipe=[{"tokens": 1000}]),
    "metering of no instrument": lambda job: job.update(metering={"meters": []}),
    "metering of one that is none": lambda job: job.update(metering={"meters": ["nvml", "multimeter"]}),
    "a rate of nothing": lambda job: job.update(metering={"rate_hz": 0}),
    "a cool-down that never ends": lambda job: job.update(metering={"cooldown_s": math.inf}),
    "an idle baseline that never ends": lambda job: job.update(metering={"idle_s": math.inf}),
    "half a GPU": lambda job: job.update(resources={"gpus": 0.5}),
    "GPUs below zero": lambda job: job.update(resources={"gpus": -1}),
    "an unknown GPU": lambda job: job.update(resources={"gpus": "all"}),
    "more GPUs than sequences": lambda job: job.update(resources={"gpus": 64}),
    "no cores": lambda job: job.update(resources={"cpus": 0}),
    "a resource misspelt": lambda job: job.update(resources={"gpu": 1}),
}  # fmt: skip

_AS_TEXT: dict[str, Callable[[str], bytes]] = {
    "nothing at all": lambda _: b"",
    "blanks": lambda _: b" \n\t\n",
    "a comment": lambda _: b"# a study\n",
    "bytes": lambda _: bytes(range(256)),
    "latin-1": lambda text: text.replace("?", "é", 1).encode("latin-1"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "half a file": lambda text: text[: text.index('"') + 3].encode(),
    "an unclosed list": lambda text: text.replace("]\n", "\n").encode(),
    "an unclosed text": lambda text: text.replace('"\n', "\n", 1).encode(),
    "a colon for an equals sign": lambda text: text.replace(" = ", ": ", 1).encode(),
    "JSON": lambda text: json.dumps(tomllib.loads(text)).encode(),
    "YAML": lambda _: b"kind: efficiency\nname: s\n",
    "Python": lambda _: b"import os\nkind = os.name\n",
    "a key twice": lambda text: text.replace("kind =", 'kind = "dynamics"\nkind =', 1).encode(),
    "a table twice": lambda text: (text + "[factors]\nmodel = ['tiny-1m']\n").encode(),
    "a value and a table of one name": lambda text: ("factors = 1\n" + text).encode(),
    "a value without quotes": lambda text: text.replace('"', "", 2).encode(),
    "a capital True": lambda text: text.replace("kind", "allow_hub = True\nkind", 1).encode(),
    "a number with a comma": lambda text: text.replace("repetitions = ", "repetitions = 1,", 1).encode(),
    "a date for a number": lambda text: text.replace("repetitions = ", "repetitions = 2026-01-0", 1).encode(),
    "deep brackets": lambda _: b"factors = " + b"[" * 3000,
    "a zero byte": lambda text: (text + "\x00").encode(),
}


def malformed(n: int) -> Iterator[tuple[str, bytes]]:
    """Yield so many files, each with what is wrong about it; always the same ones."""
    made, dice = dict(_all_kinds()), random.Random(7)
    while len(made) < n:
        job = dice.choice(JOBS)
        made |= [_with_a_wrong_key(job.name, tomllib.loads(job.read_text()), dice)]
    yield from made.items()


def _all_kinds() -> Iterator[tuple[str, bytes]]:
    """Yield each change by name once, the jobs in turn."""
    for index, (what, change) in enumerate(_CHANGES.items()):
        job = JOBS[index % len(JOBS)]
        tables = tomllib.loads(job.read_text())
        change(tables)
        yield f"{job.name}: {what}", _written(tables).encode()
    for index, (what, spoil) in enumerate(_AS_TEXT.items()):
        job = JOBS[index % len(JOBS)]
        yield f"{job.name}: {what}", spoil(_written(tomllib.loads(job.read_text())))


def _with_a_wrong_key(name: str, job: dict[str, Any], dice: random.Random) -> tuple[str, bytes]:
    """Misspell a key of a study, or give it a value that does not fit."""
    of, table = dice.choice([("", job), *((f"{key}.", value) for key, value in job.items() if isinstance(value, dict))])
    key = dice.choice(list(table))
    if dice.random() < 0.4:
        at = dice.randrange(len(key))
        wrong = key[:at] + key[at + 1 :] if dice.random() < 0.5 else key[:at] + "x" + key[at:]
        table[wrong] = table.pop(key)
        return f"{name}: {of}{key} called {wrong!r}", _written(job).encode()
    value = dice.choice([each for each in _MISTYPED if _unfit(each, table[key])])
    table[key] = value
    return f"{name}: {of}{key} = {value!r}", _written(job).encode()


def _unfit(value: object, instead_of: object) -> bool:
    """Whether a value cannot stand where another one does."""
    if isinstance(value, int | float) and not isinstance(value, bool) and type(instead_of) in (int, float):
        return math.isnan(value) or value < 0
    return type(value) is not type(instead_of) or isinstance(value, dict | list)


def _written(tables: dict[str, Any]) -> str:
    """Write TOML: plain values first, then tables."""
    plain = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    inner = [f"[{_key(key)}]\n{_lines(value)}" for key, value in tables.items() if isinstance(value, dict)]
    return "".join([_lines(plain), *inner])


def _lines(values: dict[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in values.items())


def _key(key: str) -> str:
    return key if key.isidentifier() else json.dumps(key)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value)
