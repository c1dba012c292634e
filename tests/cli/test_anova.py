"""`raystudy anova`: a table goes in; a report or a page comes out, or one sentence."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from raystudy.cli import main
from tests.cli.drugs import DRUGS, WINER

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """Return a function that runs `raystudy anova` in a folder with the table of drugs: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("drugs.csv").write_text(WINER, encoding="utf-8")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["raystudy", "anova", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


class TestForPeople:
    def test_table(self, typed: Typed) -> None:
        """The answer, and the tables behind it."""
        code, out, _ = typed("drugs.csv", *DRUGS)

        assert 0 == code
        assert [] == [
            text
            for text in ("Does time differ by drug?", "= 24.8, p = .002", "Which levels differ?", "Does it hold?")
            if text not in out
        ]

    @pytest.mark.parametrize("shape", ["table", "md"])
    @pytest.mark.parametrize("levels", [1, 4, 21])
    def test_any_number_of_levels(self, typed: Typed, shape: str, levels: int) -> None:
        """From one level, which nothing is compared with, to a trajectory, whose pairs are too many to read."""
        rows = [f"{n},{level},{(7 * n + 3 * level) % 5}" for n in range(6) for level in range(levels)]
        Path("steps.csv").write_text("\n".join(["person,drug,time", *rows]) + "\n", encoding="utf-8")
        code, out, _ = typed("steps.csv", *DRUGS, "--format", shape)

        assert (0, True) == (code, "Does time differ by drug?" in out)

    def test_markdown(self, typed: Typed) -> None:
        """The same, as a page with tables."""
        code, out, err = typed("drugs.csv", *DRUGS, "--format", "md")

        assert (0, "", "#") == (code, err, out[0])
        assert True is ("Does time differ by drug?" in out and "|" in out)

    @pytest.mark.parametrize("shape", ["table", "md"])
    @pytest.mark.parametrize("time", ["", "1"])
    def test_no_test_at_all(self, typed: Typed, shape: str, time: str) -> None:
        """Where nobody has a value, or all have the same one, people are told why there is no test."""
        rows = [f"{n},{drug},{time}" for n in range(4) for drug in ("one", "two", "three")]
        Path("none.csv").write_text("\n".join(["person,drug,time", *rows]) + "\n", encoding="utf-8")
        code, out, _ = typed("none.csv", *DRUGS, "--format", shape)

        assert (0, True) == (code, "there is no test" in out)

    def test_who_is_dropped_is_told(self, typed: Typed) -> None:
        """People read it before the tables."""
        Path("gaps.csv").write_text(WINER.replace("2,two,18", "2,two,"), encoding="utf-8")
        _, out, _ = typed("gaps.csv", *DRUGS, "--format", "md")

        assert "1 subject of 5 left out, since a cell is empty: 2 has no value at two." in out
        assert True is (out.index("left out") < out.index("|"))

    def test_replicates_are_told(self, typed: Typed) -> None:
        """Averaging is said, not done in silence."""
        Path("twice.csv").write_text(WINER + WINER.partition("\n")[2], encoding="utf-8")

        assert "Up to 2 rows" in typed("twice.csv", *DRUGS, "--format", "md")[1]


class TestRefusals:
    """Each exits with 2, writes nothing to stdout, and says what was found, what was expected, and what to do."""

    def test_no_such_column(self, refusal: Callable[..., str]) -> None:
        """The columns there are, and the one that may be meant."""
        said = refusal("drugs.csv", "--subject", "person", "--within", "drugs", "--value", "time")

        assert "has no column 'drugs'. Do you mean 'drug'? Its columns are 'person', 'drug', 'time'." in said

    def test_text_among_numbers(self, refusal: Callable[..., str]) -> None:
        """The first one, and its row."""
        Path("bad.csv").write_text(WINER.replace("2,two,18", "2,two,fast"), encoding="utf-8")

        assert "holds 'fast' in data row 6, where a number is expected" in refusal("bad.csv", *DRUGS)

    def test_one_subject(self, refusal: Callable[..., str]) -> None:
        """One person cannot be compared within persons."""
        Path("one.csv").write_text("".join(WINER.splitlines(keepends=True)[:5]), encoding="utf-8")

        assert "A comparison within subjects needs two or more" in refusal("one.csv", *DRUGS)

    def test_levels_that_white_space_tells_apart(self, refusal: Callable[..., str]) -> None:
        """What nobody sees makes no level."""
        Path("bad.csv").write_text(WINER.replace("3,two,", "3,two ,"), encoding="utf-8")

        assert "holds both 'two' and 'two ', which only white space tells apart" in refusal("bad.csv", *DRUGS)

    @pytest.mark.parametrize(("text", "said"), [("", "is empty: 0 bytes"), ("person,drug,time\n", "header and no row")])
    def test_nothing_in_it(self, refusal: Callable[..., str], text: str, said: str) -> None:
        """No byte, or a header alone."""
        Path("empty.csv").write_text(text, encoding="utf-8")

        assert said in refusal("empty.csv", *DRUGS)

    def test_no_file(self, refusal: Callable[..., str]) -> None:
        """A name of nothing."""
        assert "no file" in refusal("drgs.csv", *DRUGS).lower()

    def test_one_column_for_two_parts(self, refusal: Callable[..., str]) -> None:
        """A column is subject, factor or value."""
        assert "is asked for twice" in refusal(
            "drugs.csv", "--subject", "person", "--within", "person", "--value", "time"
        )

    def test_a_subject_in_two_groups(self, refusal: Callable[..., str]) -> None:
        """A factor that varies within subjects is none between them."""
        rows = [f"{line},{'group' if not n else n % 2}" for n, line in enumerate(WINER.splitlines())]
        Path("torn.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

        assert "stands at several levels of group" in refusal("torn.csv", *DRUGS, "--between", "group")

    def test_a_mixed_model_of_several_factors(self, refusal: Callable[..., str]) -> None:
        """It is fitted to one alone."""
        Path("two.csv").write_text(WINER.replace("drug", "drug,dose").replace("e,", "e,1,"), encoding="utf-8")
        rows = [f"{line},{'dose' if not n else n % 3}" for n, line in enumerate(WINER.splitlines())]
        Path("two.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

        assert "one within factor alone" in refusal("two.csv", *DRUGS, "--within", "dose", "--missing", "mixed")

    def test_no_row_left(self, refusal: Callable[..., str]) -> None:
        """A condition that nothing fulfils."""
        assert "No row" in refusal("drugs.csv", *DRUGS, "--where", "time > 1000")

    @pytest.mark.parametrize("bound", ["-1", "0", "nan", "inf"])
    def test_a_bound_that_is_none(self, refusal: Callable[..., str], bound: str) -> None:
        """Nothing differs by less than nothing."""
        assert "cannot be the bound" in refusal("drugs.csv", *DRUGS, "--equivalent", bound)
