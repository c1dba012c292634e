"""`raystudy dynamics`: losses along training go in; a report, a page or an object comes out, or one sentence."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raystudy.cli import main
from raystudy.cli.dynamics_json import number_or_text

Typed = Callable[..., tuple[int, str, str]]
LOSSES = {
    101: (8.01, 4.02, 3.01, 3.22, 3.51, 3.90, 4.21, 4.52, 4.81),
    202: (8.02, 4.00, 3.03, 3.21, 3.53, 3.91, 4.19, 6.90, 4.83),
    303: (7.99, 4.01, 3.00, 3.19, 3.50, 3.93, 4.20, 4.50, 4.79),
}
COLUMNS = ("--seed", "seed", "--interval", "tokens", "--loss", "loss")
TABLE = ("losses.csv", *COLUMNS)


def written(*names: str, file: str = "losses.csv", each: int = 1_000_000) -> None:
    """Write the losses in long form; `names` replace the seeds' numbers."""
    rows = [
        f"{names[place] if names else seed},{interval * each},{loss}"
        for place, (seed, losses) in enumerate(LOSSES.items())
        for interval, loss in enumerate(losses)
    ]
    Path(file).write_text("\n".join(["seed,tokens,loss", *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """Return a function that runs `raystudy dynamics` in a folder with the losses: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    written()

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["raystudy", "dynamics", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture
def record(typed: Typed) -> Callable[..., dict[str, Any]]:
    """Return a function that gives the object of a command line that succeeds; NaN and Infinity are no JSON."""

    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    def run(*words: object) -> dict[str, Any]:
        code, out, err = typed(*words, "--format", "json")
        assert (0, "") == (code, err)
        found: dict[str, Any] = json.loads(out, parse_constant=refuse)
        return found

    return run


class TestForPeople:
    @pytest.mark.parametrize("shape", ["table", "md"])
    def test_answer_and_tables(self, typed: Typed, shape: str) -> None:
        """Where the loss is least, that it rises again, that the published rule is void, and the tables."""
        code, out, _ = typed(*TABLE, "--format", shape)
        read = " ".join(out.split())

        assert 0 == code
        assert [] == [
            text
            for text in (
                "What does loss do along tokens?",
                "least at tokens 2000000, 3.01",
                "It rises again, by 1.",
                "1 (202 at 7000000) by the 5 before",
                "The published rule for spikes is void.",
                "The way of the loss",
                "When has it settled?",
            )
            if text not in read
        ]

    def test_one_seed(self, typed: Typed) -> None:
        """It is followed, and not tested."""
        code, out, _ = typed(*TABLE, "--where", "seed = 101")

        assert (0, True) == (code, "nothing is tested" in out)


class TestForPrograms:
    def test_keys(self, record: Callable[..., dict[str, Any]]) -> None:
        """What programs rely on."""
        found = record(*TABLE)

        assert {"intervals", "per_seed", "refused", "turning", "anova", "trend", "bands", "stability"} <= set(found)
        assert {
            *("interval", "mean", "sd", "rolling_volatility", "volatility_without_first", "backslide_frequency"),
            *("spike_rate", "spike_rate_lagged", "stable_share"),
        } <= set(found["intervals"][0])
        assert {"F", "df_effect", "df_error", "eps_gg", "p_gg", "eps_cm", "p_cm", "mauchly", "ges", "decision"} <= set(
            found["anova"]
        )

    def test_one_seed_of_three(self, record: Callable[..., dict[str, Any]]) -> None:
        """Numbers are numbers, spikes are counts with where they are."""
        (_, found, _) = record(*TABLE)["per_seed"]

        assert {
            "seed": 202,
            "best_interval": 2_000_000,
            "final_minus_best": pytest.approx(1.80),
            "backslides": 5,
            "spikes": 0,
            "spikes_lagged": 1,
            "spikes_at": [],
            "spikes_lagged_at": [7_000_000],
        } == found

    def test_intervals_are_numbers(self, record: Callable[..., dict[str, Any]]) -> None:
        """Wherever one is named."""
        found = record(*TABLE)

        assert [*range(0, 9_000_000, 1_000_000)] == [each["interval"] for each in found["intervals"]]
        assert [*range(0, 9_000_000, 1_000_000)] == [each["interval"] for each in found["bands"]]
        assert 2_000_000 == found["turning"]["best"]

    def test_what_has_no_value_is_null(self, record: Callable[..., dict[str, Any]]) -> None:
        """Volatility needs two differences; Mauchly's test more seeds than intervals, which is said."""
        found = record(*TABLE)

        assert [None, None] == [each["rolling_volatility"] for each in found["intervals"]][:2]
        assert (False, True) == (found["anova"]["mauchly"]["defined"], bool(found["anova"]["mauchly"]["reason"]))

    def test_the_published_rule_is_refused_with_its_arithmetic(self, record: Callable[..., dict[str, Any]]) -> None:
        """It is computed all the same, and finds nothing."""
        found = record(*TABLE)
        (refused,) = found["refused"]

        assert ("spike", 5, 2.0) == (refused["rule"], refused["window"], refused["z"])
        assert "sqrt(5 - 1) = 2" in refused["reason"]
        assert {0.0} == {each["spike_rate"] for each in found["intervals"]}

    def test_a_rule_of_ones_own(self, record: Callable[..., dict[str, Any]]) -> None:
        """One that can fire is used, and nothing is refused."""
        found = record(*TABLE, "--window", 4, "--z", 1.5)

        assert ({"window": 4, "z": 1.5, "floor": 0.01}, []) == (found["rule"], found["refused"])

    def test_perplexity_and_volatility_besides(self, record: Callable[..., dict[str, Any]]) -> None:
        """The loss is first, what is derived from it besides."""
        found = record(*TABLE)

        assert "loss" == found["anova"]["measure"]
        assert ["perplexity", "rolling volatility"] == [each["measure"] for each in found["anova_besides"]]

    def test_some_rows_only(self, record: Callable[..., dict[str, Any]]) -> None:
        """The untrained model can be left out."""
        assert 1_000_000 == record(*TABLE, "--where", "tokens > 0")["intervals"][0]["interval"]

    def test_names_of_seeds(self, record: Callable[..., dict[str, Any]]) -> None:
        """A seed that is no number keeps its name."""
        written("a", "b", "7")

        assert [7, "a", "b"] == [each["seed"] for each in record(*TABLE)["per_seed"]]


@pytest.mark.parametrize(
    ("label", "number"),
    [("7", 7), ("1e6", 1_000_000), ("1,000,000", 1_000_000), ("0.5", 0.5), ("18446744073709551615", 2**64 - 1)],
)
def test_labels_as_numbers(label: str, number: float) -> None:
    """Whole where they are whole, with every digit."""
    assert (number, type(number)) == ((found := number_or_text(label)), type(found))


class TestRefusals:
    """Each exits with 2, writes nothing to stdout, and says what was found, what was expected, and what to do."""

    def test_a_rule_that_can_never_fire(self, refusal: Callable[..., str]) -> None:
        """The published pair too, once it is asked for."""
        said = refusal(*TABLE, "--window", 5, "--z", 2)

        assert "Spikes of 5 differences and z 2 are refused." in said
        assert "at most sqrt(5 - 1) = 2 population SDs above their mean" in said
        assert "a window of 6 differences or more" in said

    @pytest.mark.parametrize(("words", "said"), [(("--window", 0), "no spread"), (("--z", 0), "a number above 0")])
    def test_a_rule_that_is_none(self, refusal: Callable[..., str], words: tuple[object, ...], said: str) -> None:
        """Zero is an answer, not the default."""
        assert said in refusal(*TABLE, *words)

    def test_no_such_column(self, refusal: Callable[..., str]) -> None:
        """The columns there are."""
        assert "has no column 'losss'. Do you mean 'loss'?" in refusal(*TABLE[:-1], "losss")

    def test_a_wide_table(self, refusal: Callable[..., str]) -> None:
        """One column an interval is the other form; what to do is said."""
        Path("wide.csv").write_text("seed,0,1,2\n101,8,4,3\n202,8,4,3\n", encoding="utf-8")

        assert "One row a value is expected; if columns are levels, unpivot them first." in refusal(
            "wide.csv", *COLUMNS
        )

    def test_intervals_that_are_no_numbers(self, refusal: Callable[..., str]) -> None:
        """Names have no order."""
        text = Path("losses.csv").read_text(encoding="utf-8").replace(",1000000,", ",first,")
        Path("names.csv").write_text(text, encoding="utf-8")

        assert "Column 'tokens' holds 'first', where a number is expected" in refusal("names.csv", *COLUMNS)

    def test_a_loss_that_is_text(self, refusal: Callable[..., str]) -> None:
        """The first one, and its row."""
        text = Path("losses.csv").read_text(encoding="utf-8").replace("4.02", "high")
        Path("text.csv").write_text(text, encoding="utf-8")

        assert "holds 'high' in data row 2, where a number is expected" in refusal("text.csv", *COLUMNS)

    def test_two_intervals(self, refusal: Callable[..., str]) -> None:
        """Ends alone are compared by another verb."""
        said = refusal(*TABLE, "--where", "tokens < 2000000")

        assert "holds 0 and 1000000 only; a trajectory has 3 intervals or more" in said
        assert "`raystudy anova`" in said

    def test_no_seed_is_complete(self, refusal: Callable[..., str]) -> None:
        """Who lacks what."""
        said = refusal(*TABLE, "--where", "loss != 8.01 AND loss != 4.00 AND loss != 3.00")

        assert "No seed has a loss at each of the 9 intervals: 101 has no value at 0" in said
