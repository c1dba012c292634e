"""Every node of a cluster that was joined, asked before the first trial: can it run one, and would it be the same?

driver ──nonce──▶ archive's store          each node ──look, prepare, wall_s──▶ Checked
Checked ... ──▶ one table ──▶ refused in a sentence, or the address of the store that trials shall use
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import ray

from raystudy.errors import ArchiveError, ClusterError
from raystudy.power.nodes import answers, task_on
from raystudy.record.archive import Archive
from raystudy.record.store import LocalStore
from raystudy.study import Study, Trial
from raystudy.sweep.cluster import fits, refuse_unsatisfiable
from raystudy.sweep.node_check import (
    FOLDER,
    NodeFacts,
    look,
    machine,
    note,
    other_text,
    other_versions,
    prepare,
    wall_s,
)
from raystudy.sweep.node_table import Checked, as_text
from raystudy.sweep.provenance import versions
from raystudy.sweep.writer import written

ANSWER_S = 90.0
"""A node has to start a worker, to import, and to try every instrument."""
GONE_WITHIN_S = 30.0
"""Ray notices after about 15 s that a node is no more."""
PREPARE_S = 1_800.0
"""It may have to download a corpus and a tokenizer."""
TRIP_S = 5.0
TRIPS = 5
"""The clock of a node is read so often; the shortest round trip tells best (RFC 5905)."""
OFFSET_TOLD_S = 1.0
LEAST_FREE_BYTES = 2 * 2**30


@contextmanager
def preflight(
    study: Study, archive: Archive, todo: tuple[Trial, ...], prints: tuple[str, ...], *, tell: Callable[[str], None]
) -> Iterator[str]:
    """
    Ask all nodes, tell in one table what they said, and yield the address that trials give to `store_of`.

    `prints` are the fingerprints of what the trials read, as this node has prepared it. Raises ClusterError where a
    node that may run trials would not run them as this one would.
    """
    checked = _checked(study, archive, todo, tell)
    tell(as_text(checked, prints))
    for sentence in _told(checked):
        tell(sentence)
    local = isinstance(archive.store, LocalStore)
    if refusals := [sentence for each in checked if each.runs for sentence in _refusals(each, prints, local=local)]:
        raise ClusterError("\n".join(sentence[:1].upper() + sentence[1:] for sentence in refusals))
    blind = [each for each in checked if each.runs and each.facts and each.facts.store_error]
    if not blind:
        yield archive.store.address
        return
    tell(
        f"{archive.place} is not seen by {', '.join(each.called for each in blind)}: rows travel through Ray to a "
        "writer on this node"
    )
    with written(archive.store.address, study=study.name) as address:
        yield address


def _checked(
    study: Study, archive: Archive, todo: tuple[Trial, ...], tell: Callable[[str], None]
) -> tuple[Checked, ...]:
    """Ask all nodes at once; each question waits for an answer of all, and for none too long."""
    here = ray.get_runtime_context().get_node_id()
    alive = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
    facts = _facts(study, archive, alive)
    for node_id in _gone([each for each, told in facts.items() if isinstance(told, str)]):
        tell(f"node {node_id[:8]} left the cluster just now; it is left out")
        del alive[node_id]
        refuse_unsatisfiable(study.resources, tell=tell)
    runs = {node_id for node_id, node in alive.items() if fits(node["Resources"], study.resources)}
    elsewhere = [e for e in runs if isinstance(told := facts[e], NodeFacts) and told.machine != machine()]
    if elsewhere:
        tell(f"preparing what the trials read on {', '.join(f'node {node_id[:8]}' for node_id in elsewhere)}")
    prints = answers({each: task_on(each, prepare).remote(study, todo) for each in elsewhere}, PREPARE_S)
    return tuple(
        Checked(
            node_id=each,
            host=node["NodeManagerHostname"],
            offers=node["Resources"],
            drives=each == here,
            runs=each in runs,
            facts=told if isinstance(told := facts[each], NodeFacts) else None,
            error=told if isinstance(told, str) else None,
            ahead_s=None if isinstance(told, str) or each == here else _ahead_s(each),
            prints=prints.get(each),
        )
        for each, node in alive.items()
    )


def _gone(node_ids: Iterable[str]) -> frozenset[str]:
    """Return those of some silent nodes that leave the cluster: Ray takes a while to notice that one is no more."""
    silent, alive, until_s = frozenset(node_ids), frozenset[str](), time.monotonic() + GONE_WITHIN_S
    while silent and time.monotonic() < until_s:
        alive = frozenset(node["NodeID"] for node in ray.nodes() if node["Alive"])
        if not silent & alive:
            break
        time.sleep(1.0)
    return silent - alive


def _facts(study: Study, archive: Archive, node_ids: Iterable[str]) -> dict[str, NodeFacts | str]:
    """Return what each node tells of itself, or why it does not; raises ArchiveError where nothing can be written."""
    nonce = uuid.uuid4().hex
    try:
        archive.store.put(note(nonce), nonce.encode())
        asked = {each: task_on(each, look).remote(study, archive.store.address, nonce, each) for each in node_ids}
        return {each: _seen(archive, nonce, each, told) for each, told in answers(asked, ANSWER_S).items()}
    except OSError as error:
        raise ArchiveError(f"Results cannot be written to {archive.place}: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            archive.store.delete(FOLDER)


def _seen(archive: Archive, nonce: str, node_id: str, told: NodeFacts | str) -> NodeFacts | str:
    """Return the facts with what the driver itself sees of what the node has written."""
    if isinstance(told, str) or told.store_error is not None:
        return told
    try:
        archive.store.read(note(nonce, node_id))
    except FileNotFoundError:
        return replace(told, store_error="what it writes there is not seen here")
    return told


def _ahead_s(node_id: str) -> float | None:
    """Return how far the wall clock of a node is ahead of ours; null where it does not tell."""
    trips = []
    ask = task_on(node_id, wall_s)
    for _ in range(TRIPS):
        sent_s = time.time()
        try:
            there_s = ray.get(ask.remote(), timeout=TRIP_S)
        except ray.exceptions.RayError:
            continue
        back_s = time.time()
        trips.append((back_s - sent_s, there_s - (sent_s + back_s) / 2))
    return min(trips)[1] if trips else None


def _told(checked: Sequence[Checked]) -> Iterator[str]:
    """Yield what is worth a sentence and hinders nobody."""
    for each in checked:
        if each.ahead_s is not None and abs(each.ahead_s) > OFFSET_TOLD_S:
            yield (
                f"the clock of {each.called} is {each.ahead_s:+.1f} s off this one's, which only shows in the wall "
                "times of its rows"
            )
        for folder, free_bytes in each.facts.free_bytes.items() if each.facts else ():
            if free_bytes < LEAST_FREE_BYTES:
                yield f"{folder} on {each.called} has {free_bytes / 2**30:.1f} GiB left"
        if each.error and not each.runs:
            yield f"{each.called} {each.error}; it runs no trials"


def _refusals(node: Checked, prints: tuple[str, ...], *, local: bool) -> Iterator[str]:
    """Yield why a node must not run trials, each in a sentence with what to do."""
    if node.facts is None:
        yield f"{node.called} {node.error}. Look at it, or take it out of the cluster (`ray stop` there)."
        return
    yield from other_versions(node.called, node.facts.versions, versions())
    if node.prints is not None:
        yield from other_text(node.called, node.prints, same=node.prints == prints)
    if node.facts.store_error and not local:
        yield f"{node.called} cannot use the archive: {node.facts.store_error}"
