"""`raystudy measure` stands between a command and the shell, and changes nothing for either."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from raystudy.cli import main
from raystudy.cli.command import Ended
from raystudy.cli.measure import Measured, Watch, as_object
from raystudy.power.sampler import Sampler
from raystudy.record.trace import Channel, Scope
from tests.fakes.rapl import zone

Typed = Callable[..., tuple[int, str, str]]
MEASURE = [sys.executable, "-c", "from raystudy.cli import main; main()", "measure"]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """Return a function that runs `raystudy measure` where nothing can be measured; gives exit code, stdout, stderr."""

    def no_library() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", no_library)  # a stand-in that another test loaded stays loaded
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAYSTUDY_POWERCAP", str(tmp_path / "powercap"))

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["raystudy", "measure", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return run


def told(out: str) -> dict[str, Any]:
    """Return the object of `--json`, which knows no NaN."""

    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    found: dict[str, Any] = json.loads(out, parse_constant=refuse)
    return found


def spoken(*words: str, environment: Mapping[str, str] | None = None, number: int | None = None) -> tuple[int, str]:
    """Run `raystudy measure --json` as a process, send its group or it alone a signal; gives exit code and stdout."""
    process = subprocess.Popen(
        [*MEASURE, "--json", "--", *words],
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    if number is not None:
        assert "started\n" == process.stderr.readline()
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    out, _ = process.communicate(timeout=30)
    return process.returncode, out


def test_the_commands_exit_code_and_stdout_are_kept(typed: Typed) -> None:
    """The table is for people, and goes to stderr."""
    code, out, error = typed("--", "sh", "-c", "echo mine; exit 3")

    assert (3, "mine\n", True) == (code, out, "estimated" in error)


def test_a_signal_that_ends_the_command_is_told_as_a_shell_does(typed: Typed) -> None:
    """128 + 9 for a kill."""
    code, _, _ = typed("--", "sh", "-c", "kill -9 $$")

    assert 137 == code


def test_json_is_one_line_on_stdout_and_the_commands_words_go_to_stderr(typed: Typed) -> None:
    """So that what reads stdout can parse it."""
    code, out, error = typed("--json", "--", "echo", "mine")

    assert (0, 1, True) == (code, out.count("\n"), "mine\n" in error)
    assert {"duration_s", "exit_code", "energies", "total"} <= told(out).keys()


@pytest.mark.parametrize(("name", "code"), [("no-such-command", 127), ("/", 126), ("./script", 126)])
def test_a_command_that_cannot_start_is_one_sentence(typed: Typed, tmp_path: Path, name: str, code: int) -> None:
    """127 not found, 126 not executable, and still an object where one was asked for."""
    (tmp_path / "script").write_text("#!/no/such/interpreter\n")
    (tmp_path / "script").chmod(0o755)
    got, out, error = typed("--json", "--", name)

    assert (code, code, None) == (got, told(out)["exit_code"], told(out)["duration_s"])
    assert (1, True) == (error.count("\n"), repr(name) in error)


def test_options_after_the_command_are_its_own(typed: Typed) -> None:
    """`--` before it is for the eye."""
    _, out, _ = typed("echo", "--json", "--rate-hz", "0", "--", "x")

    assert "--json --rate-hz 0 -- x\n" == out


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "101", "often"])
def test_a_bad_rate_is_a_usage_error(typed: Typed, rate: str) -> None:
    """And the command does not run."""
    code, out, error = typed("--rate-hz", rate, "--", "echo", "ran")

    assert (2, "", True) == (code, out, "--rate-hz" in error)


def test_no_command_is_a_usage_error(typed: Typed) -> None:
    """There is nothing to measure."""
    assert 2 == typed("--json")[0]


def test_an_estimate_has_no_interval_and_is_no_part_of_a_total(typed: Typed) -> None:
    """Where nothing can be measured there is a nameplate's estimate, and it says so."""
    _, out, _ = typed("--json", "--", "true")
    (estimate,) = told(out)["energies"]

    assert ("estimated", None, {}) == (estimate["method"], estimate["u_j"], told(out)["total"])
    assert estimate["reason"]


def test_an_instrument_that_is_there_and_unreadable_has_an_entry(typed: Typed, tmp_path: Path) -> None:
    """Nulls and the reason; an instrument that is absent has none."""
    counter = zone(tmp_path / "powercap", "intel-rapl:0", name="package-0") / "energy_uj"
    counter.unlink()
    counter.mkdir()
    _, out, _ = typed("--json", "--", "true")
    entries = {entry["device"]: entry for entry in told(out)["energies"]}

    assert {"rapl", "nameplate"} == entries.keys()
    assert (None, None, "package") == tuple(entries["rapl"][key] for key in ("energy_j", "u_j", "scope"))
    assert str(counter) in entries["rapl"]["reason"]


def test_a_total_that_nobody_could_read_is_null_with_the_reason(typed: Typed, tmp_path: Path) -> None:
    """Its scope has a key: who asks for it learns why there is no figure, not that there is no such thing."""
    counter = zone(tmp_path / "powercap", "intel-rapl:0", name="package-0") / "energy_uj"
    counter.unlink()
    counter.mkdir()
    _, out, _ = typed("--json", "--", "true")
    total = told(out)["total"]["package"]

    assert (None, None, 0, True) == (total["energy_j"], total["u_j"], total["devices"], str(counter) in total["reason"])


def watch(*scopes: Scope, **not_read: str) -> Watch:
    """Return a watch that reads some scopes, while some instruments cannot be read."""
    channels = [Channel(name=scope, quantity="energy_j", scope=scope, device=scope) for scope in scopes]
    sampler: Any = SimpleNamespace(channels=channels)
    return Watch(sampler=sampler, not_read=not_read, unreadable=tuple(not_read))


def test_what_another_instrument_measures_is_no_missing_total() -> None:
    """Perf refuses, and RAPL reads the packages; NVML refuses, and nobody reads the boards."""
    ended = Ended(exit_code=0, start_s=0, end_s=1)
    measured = Measured(command=("true",), ended=ended, watch=watch("package", perf="Refused.", nvml="Lost."))

    assert {"gpu": "Lost."} == {scope: total["reason"] for scope, total in as_object(measured)["total"].items()}


def test_a_counter_that_stands_still_is_null_not_0(typed: Typed, tmp_path: Path) -> None:
    """In the figure, and in the total that lacks it."""
    zone(tmp_path / "powercap", "intel-rapl:0", name="package-0")
    _, out, _ = typed("--json", "--", "sleep", "0.1")
    (entry,), total = told(out)["energies"], told(out)["total"]["package"]

    assert (None, None, None) == (entry["energy_j"], total["energy_j"], total["u_j"])
    assert entry["reason"] in total["reason"]


def test_a_driver_that_breaks_in_an_unknown_way_does_not_keep_the_command_from_running(tmp_path: Path) -> None:
    """Nor is it silent: there is a reason instead of a figure, or beside those of the others."""
    (tmp_path / "pynvml.py").write_text("raise RuntimeError('the driver is of glass')\n")
    code, out = spoken("sh", "-c", "exit 4", environment={"PYTHONPATH": str(tmp_path)})

    assert (4, True) == (code, "the driver is of glass" in out)


def test_ctrl_c_ends_the_command_and_the_figure_is_told() -> None:
    """The whole group is told by the terminal; raystudy waits, prints, and exits with 130."""
    code, out = spoken("sh", "-c", "echo started; exec sleep 20", number=signal.SIGINT)

    assert (130, 130, True) == (code, told(out)["exit_code"], told(out)["duration_s"] < 10)


def test_an_impatient_second_ctrl_c_does_not_cost_the_figure() -> None:
    """It comes when the command has ended, and raystudy reckons: what is printed is printed."""
    process = subprocess.Popen(
        [
            *MEASURE,
            "--json",
            "--",
            "sh",
            "-c",
            "trap 'echo ended; exit 7' INT; echo started; while :; do sleep 1; done",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for said in ("started\n", "ended\n"):
        assert said == process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=30)

    assert (7, 7) == (process.returncode, told(out)["exit_code"])


def test_the_figure_is_told_before_the_instruments_are_closed(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hangs takes seconds to close."""
    close = Sampler.close

    def closed(sampler: Sampler) -> None:
        close(sampler)
        sys.stdout.write("closed\n")

    monkeypatch.setattr(Sampler, "close", closed)
    _, out, _ = typed("--json", "--", "true")

    assert ["{", "c"] == [line[0] for line in out.splitlines()]


def test_without_a_stderr_what_the_command_says_goes_nowhere() -> None:
    """`--json 2>&-`: stdout is the object's, and there is no other place."""
    words = ["sh", "-c", 'exec "$@" 2>&-', "sh", *MEASURE, "--json", "--", "sh", "-c", "echo mine; exit 3"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)

    assert (3, 3) == (done.returncode, told(done.stdout)["exit_code"])


def test_a_termination_is_passed_on() -> None:
    """The command may end in order, and its exit code counts."""
    code, out = spoken("sh", "-c", "sleep 20 & trap 'kill $!; exit 5' TERM; echo started; wait", number=signal.SIGTERM)

    assert (5, 5) == (code, told(out)["exit_code"])


def test_an_interrupt_that_comes_from_no_terminal_is_passed_on() -> None:
    """`kill -INT` of raystudy alone reaches the command, a second later."""
    process = subprocess.Popen(
        [*MEASURE, "--", "sh", "-c", "echo started; exec sleep 90"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)

    assert 130 == process.wait(timeout=60)
    process.stdout.close()


def test_measuring_imports_neither_ray_nor_torch() -> None:
    """It is for any machine, and starts at once."""
    code = (
        "import sys; sys.argv = ['raystudy', 'measure', 'true']\nfrom raystudy.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.exit(bool({'ray', 'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    )

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode


def test_the_command_is_timed_without_the_instruments(typed: Typed) -> None:
    """Opening, and waiting for counters to move, is no part of its duration."""
    _, out, _ = typed("--json", "--", sys.executable, "-c", "import time; time.sleep(0.2)")

    assert 0.2 <= told(out)["duration_s"] < 1
