"""Test that reads that hang block neither each other nor the caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tfenv_lab.disk.reads import BoundedReads


@pytest.fixture
def hang() -> Iterator[threading.Event]:
    """Return the event that a hanging read waits for; it is set at the end, so that no thread outlives the test."""
    event = threading.Event()
    yield event
    event.set()


def test_each_item_is_read_once_and_in_order() -> None:
    assert list(BoundedReads(str.upper).run(["b", "a", "b"]).items()) == [("b", "B"), ("a", "A")]


def test_no_items_give_no_results() -> None:
    assert BoundedReads(str.upper).run([]) == {}


def test_an_exception_is_the_result_of_its_item() -> None:
    reads: BoundedReads[int, int] = BoundedReads(lambda n: 1 // n)
    result = reads.run([1, 0])
    assert result[1] == 1
    assert isinstance(result[0], ZeroDivisionError)


def test_one_thread_does_all_while_nothing_hangs() -> None:
    threads: set[int] = set()
    reads: BoundedReads[int, None] = BoundedReads(lambda _: threads.add(threading.get_ident()))
    reads.run(range(500))
    assert len(threads) == 1


def test_a_read_that_hangs_is_abandoned_and_the_others_finish(hang: threading.Event) -> None:
    reads: BoundedReads[int, int] = BoundedReads(lambda n: n if n % 10 else hang.wait() or n, limit=1)
    begun = time.monotonic()
    result = reads.run(range(1, 31))
    assert time.monotonic() - begun < 20
    assert [n for n in range(1, 31) if result[n] is None] == [10, 20, 30]
    assert result[11] == 11


def test_a_read_that_hangs_does_not_start_again_until_it_ends(hang: threading.Event) -> None:
    begun: list[int] = []

    def read(n: int) -> int:
        begun.append(n)
        hang.wait()
        return n

    reads = BoundedReads(read, limit=0.5)
    assert reads.run([1]) == {1: None}
    assert reads.run([1]) == {1: None}
    assert begun == [1]
    hang.set()
    deadline = time.monotonic() + 20
    while reads.run([1]) != {1: 1}:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_many_items_may_take_longer_than_one() -> None:
    # On a busy disk, thousands of quick reads take longer than two limits.
    def read(n: int) -> int:
        time.sleep(0.001)
        return n

    reads = BoundedReads(read, limit=0.2)
    assert reads.run(range(1000)) == {n: n for n in range(1000)}


def test_a_whole_drive_that_hangs_costs_two_limits_at_most(hang: threading.Event) -> None:
    reads: BoundedReads[int, bool] = BoundedReads(lambda _: hang.wait(), limit=1)
    begun = time.monotonic()
    # Without the limit, they would take twelve seconds even with all threads.
    result = reads.run(range(400))
    assert time.monotonic() - begun < 8
    assert set(result.values()) == {None}


def test_a_slow_read_within_the_limit_is_awaited() -> None:
    def read(n: int) -> int:
        time.sleep(0.2)
        return n

    assert BoundedReads(read, limit=2).run([7]) == {7: 7}


async def test_an_event_loop_is_not_blocked() -> None:
    reads = BoundedReads(str.upper)
    with pytest.raises(RuntimeError, match="gather"):
        reads.run(["a"])
    assert await reads.gather(["a"]) == {"a": "A"}
    assert reads.run(["a"], before_serving=True) == {"a": "A"}
