"""The clock follows the pressure."""

from __future__ import annotations

from kerascrash.watch.pace import CALM_S, FAST_S, TIGHT_S, Pace, find_room

GIB = 1 << 30
SECOND = 10**9


def room(headroom: float, limit: float = 8.0) -> dict[str, int]:
    return {
        "cgroup_headroom": int(headroom * GIB),
        "cgroup_limit": int(limit * GIB),
        "host_available": 64 * GIB,
        "host_total": 64 * GIB,
    }


def test_calm_far_from_the_limit() -> None:
    pace = Pace()
    assert [pace.next_interval(i * SECOND, room(6)) for i in range(5)] == [CALM_S] * 5


def test_fast_under_a_fifth_of_headroom() -> None:
    assert Pace().next_interval(0, room(1.5)) == FAST_S
    assert Pace().next_interval(0, room(1.7)) == CALM_S


def test_fast_when_the_limit_is_two_seconds_away() -> None:
    """3.8 GiB left at 2 GiB/s is less than two seconds, at 1 GiB/s it is not."""
    fast, slow = Pace(), Pace()
    fast.next_interval(0, room(4))
    assert fast.next_interval(SECOND // 10, room(3.8)) == FAST_S
    slow.next_interval(0, room(4))
    assert slow.next_interval(SECOND // 10, room(3.9)) == CALM_S


def test_a_burst_keeps_it_awake_for_a_second() -> None:
    pace = Pace()
    pace.next_interval(0, room(4))
    pace.next_interval(SECOND // 10, room(3))
    assert pace.next_interval(SECOND // 2, room(3)) == FAST_S
    assert pace.next_interval(3 * SECOND, room(3)) == CALM_S


def test_a_job_that_stays_near_its_limit_is_not_watched_at_full_speed() -> None:
    pace = Pace()
    assert pace.next_interval(0, room(1)) == FAST_S
    assert pace.next_interval(9 * SECOND, room(1)) == FAST_S
    assert pace.next_interval(11 * SECOND, room(1)) == TIGHT_S
    assert pace.next_interval(12 * SECOND, room(0.9)) == FAST_S


def test_a_waker_makes_it_look() -> None:
    pace = Pace()
    pace.wake(0)
    assert pace.next_interval(1, room(7)) == FAST_S


def test_the_tighter_of_group_and_machine_counts() -> None:
    values = room(6) | {"host_available": GIB, "host_total": 64 * GIB}
    assert find_room(values) == (GIB, 64 * GIB)
    assert find_room({"rss": 5}) is None
    assert Pace().next_interval(0, {"rss": 5}) == CALM_S
