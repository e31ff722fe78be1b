"""The times of records become Unix times, also where the header is lost."""

from __future__ import annotations

import pytest

from kerascrash.dump.contents import Dump, Header

DEATH = {"realtime": 1_795_441_402.5, "boottime_ns": 60_000_000_000}
LOST = Header({}, 1, 0)


def test_a_lost_header_is_replaced_by_the_certificate() -> None:
    dump = Dump("x.bin", LOST, certificate={"death": DEATH})
    assert dump.to_unix(50_000_000_000) == pytest.approx(1_795_441_392.5, abs=1e-3)


@pytest.mark.parametrize(
    "certificate",
    [None, {}, {"death": 3}, {"death": {**DEATH, "realtime": float("inf")}},
     {"death": {**DEATH, "realtime": float("nan")}},
     {"death": {**DEATH, "boottime_ns": "soon"}}],
)  # fmt: skip
def test_without_any_clock_times_count_from_boot(certificate) -> None:
    dump = Dump("x.bin", LOST, certificate=certificate)
    assert dump.to_unix(50_000_000_000) == 50.0


def test_the_header_counts_where_it_is_there() -> None:
    raw = {"clock": "boottime", "boottime_ns": 10**9, "realtime_ns": 5 * 10**9}
    dump = Dump("x.bin", Header(raw, 1, 0), certificate={"death": DEATH})
    assert dump.to_unix(2 * 10**9) == 6.0
