"""A head that is gone is told, before Ray ends the driver with a word of its own."""

import socket

from raystudy.sweep.head import Head


def test_a_head_that_is_gone_is_told_once() -> None:
    """Not before it has been silent for a quarter of a minute: one that keeps its state elsewhere may be back."""
    times_s, told = iter((100.0, 120.0, 134.0, 136.0, 160.0)), list[str | None]()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        head = Head(address, now_s=lambda: next(times_s))
        told.append(head.look())
    told += [head.look(), head.look(), head.look()]

    assert [False, False, True, False] == [sentence is not None for sentence in told]
    assert f"the head of the Ray cluster at {address} does not answer" in str(told[2])
