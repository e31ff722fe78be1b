"""Merging counters of levels that are gone, and what a clean end is."""

from __future__ import annotations

from typing import Any

import pytest

from kerascrash.watch.exit_status import ExitStatus
from kerascrash.watch.observer import merge_counters
from kerascrash.watch.seal import ended_well


def level(**values: Any) -> dict[str, Any]:
    return {"path": "/job", "current": 5, "counters": {"oom": 0}, **values}


def test_a_removed_group_keeps_its_last_figures() -> None:
    last = {"cgroups": [level(counters={"oom": 2})], "vmstat_oom_kill": 0}
    gone = {"cgroups": [level(current=None, counters={})], "vmstat_oom_kill": 1}
    merged = merge_counters(last, gone)
    assert merged["cgroups"] == [level(counters={"oom": 2}, removed=True)]
    assert merged["vmstat_oom_kill"] == 1


def test_a_group_that_is_there_has_its_new_figures() -> None:
    last = {"cgroups": [level()], "vmstat_oom_kill": 0}
    new = {"cgroups": [level(counters={"oom": 3})], "vmstat_oom_kill": 0}
    assert merge_counters(last, new) == new


@pytest.mark.parametrize(
    ("state", "raw", "clean"),
    [
        ("finished", 0, True),
        ("finished", None, True),
        ("finished", 3 << 8, False),
        ("finished", 11, False),
        ("recording", 0, False),
        ("recording", None, False),
    ],
)
def test_a_clean_end(state: str, raw: int | None, clean: bool) -> None:
    assert ended_well(state, ExitStatus(raw, "pidfd")) is clean
