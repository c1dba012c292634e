"""A node that would not run a trial as the driver would is refused in a sentence, before any is begun."""

from raystudy.sweep.node_check import NodeFacts
from raystudy.sweep.node_table import Checked, as_text
from raystudy.sweep.preflight import _refusals, _told
from raystudy.sweep.provenance import versions

PRINTS = ("f00d", "cafe")
GIB = 2**30


def node(
    *,
    runs: bool = True,
    changed: dict[str, str] | None = None,
    store_error: str | None = None,
    free_bytes: int = 50 * GIB,
    error: str | None = None,
    ahead_s: float | None = 0.0,
    prints: tuple[str, ...] | str | None = PRINTS,
) -> Checked:
    """Return a sound node, but for what is given."""
    facts = NodeFacts(
        host="w1",
        machine="boot w1 cache",
        versions=versions() | (changed or {}),
        instruments=("nvml", "rapl"),
        store_error=store_error,
        free_bytes={"/tmp": free_bytes},
    )
    return Checked(
        node_id="a" * 56,
        host="w1",
        offers={"CPU": 8.0, "GPU": 2.0, "raystudy_power": 1.0},
        drives=False,
        runs=runs,
        facts=None if error else facts,
        error=error,
        ahead_s=ahead_s,
        prints=prints,
    )


def refusals(found: Checked, *, local: bool = True) -> list[str]:
    """Return why a node is refused."""
    return list(_refusals(found, PRINTS, local=local))


def test_a_sound_node_runs_trials() -> None:
    """Nothing is refused, and nothing is worth a sentence; the table says it in one line."""
    assert ([], []) == (refusals(node()), list(_told([node()])))
    assert [
        "node     host role   CPU GPU power instruments text archive clock   free",
        "aaaaaaaa w1   trials 8   2   1     nvml, rapl  same seen    +0.00 s 50 GiB",
    ] == as_text([node()], PRINTS).splitlines()


def test_another_version_is_refused() -> None:
    """It names the package, both versions, and the cure."""
    (sentence,) = refusals(node(changed={"polars": "0.1"}))

    assert sentence.startswith(f"node aaaaaaaa (w1) has polars 0.1, not {versions()['polars']} as the driver has. ")


def test_another_python_is_refused() -> None:
    """The text of `stdlib` is that of the Python that runs."""
    assert "has python 3.9.1, not" in refusals(node(changed={"python": "3.9.1"}))[0]


def test_another_text_is_refused() -> None:
    """Trials on both would be compared."""
    assert "prepares another text than the driver" in refusals(node(prints=("f00d", "beef")))[0]


def test_a_text_that_cannot_be_prepared_is_refused() -> None:
    """In the words of that node."""
    assert ["node aaaaaaaa (w1) cannot prepare what the trials read: There is no corpus."] == refusals(
        node(prints="There is no corpus.")
    )


def test_a_node_that_is_silent_is_refused() -> None:
    """Trials would be placed there, and wait."""
    assert "node aaaaaaaa (w1) did not answer within 90 s." in refusals(node(error="did not answer within 90 s"))[0]


def test_a_folder_that_is_not_seen_takes_a_writer_and_a_uri_is_refused() -> None:
    """Rows travel to the driver's node where the archive is a folder of it."""
    blind = node(store_error="No credentials.")

    assert ([], ["node aaaaaaaa (w1) cannot use the archive: No credentials."]) == (
        refusals(blind),
        refusals(blind, local=False),
    )


def test_what_hinders_nobody_is_told() -> None:
    """A clock that is off, a disk that is nearly full, a node without trials that does not answer."""
    odd = [node(ahead_s=-3.25), node(free_bytes=GIB), node(runs=False, error="did not answer within 90 s")]

    assert [
        "the clock of node aaaaaaaa (w1) is -3.2 s off this one's, which only shows in the wall times of its rows",
        "/tmp on node aaaaaaaa (w1) has 1.0 GiB left",
        "node aaaaaaaa (w1) did not answer within 90 s; it runs no trials",
    ] == list(_told(odd))


def test_the_table_fits_100_columns() -> None:
    """Whatever the nodes are called."""
    wide = node(error="cannot be asked: " + "very " * 30 + "wrong")

    assert 100 >= max(len(line) for line in as_text([node(), wide], PRINTS).splitlines())
