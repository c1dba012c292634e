"""A head that is gone is told, and ends the sweep before Ray does so with a word of its own."""

import socket

from raystudy.sweep.head import Head


def test_a_head_that_is_gone_is_told_once() -> None:
    """Not before it has been silent for a quarter of a minute: one that keeps its state elsewhere may be back."""
    times_s, told = iter((100.0, 120.0, 134.0, 136.0)), list[str | None]()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        head = Head(address, now_s=lambda: next(times_s))
        told.append(head.look())
    told += [head.look(), head.look(), head.look()]

    assert [False, False, True, False] == [sentence is not None for sentence in told]
    assert f"the head of the Ray cluster at {address} does not answer" in str(told[2])


def test_a_head_that_stays_away_is_given_up() -> None:
    """After three quarters of a minute: Ray would end the process after one, and not say why."""
    times_s = iter((100.0, 144.0, 145.0))
    head = Head("127.0.0.1:1", now_s=lambda: next(times_s))

    assert [None, True] == [end and "has not answered for 45 s" in end for end in (head.end(), head.end())]


def test_a_head_that_is_back_is_forgiven() -> None:
    """Where it answers, its silence counts from then on."""
    times_s = iter((100.0, 140.0, 150.0))
    with socket.create_server(("127.0.0.1", 0)) as server:
        head = Head(f"127.0.0.1:{server.getsockname()[1]}", now_s=lambda: next(times_s))
        head.look()

    assert None is head.end()
