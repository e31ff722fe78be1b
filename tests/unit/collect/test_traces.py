"""Traces found in folders, held to the run by their own clock, old side files too."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect.side_files import read_side_file
from kerascrash.collect.trace_files import find_trace_files
from kerascrash.collect.traces import maps_in_file, read_traces
from kerascrash.model.trace import Trace

SESSION = "plugins/profile/2023_11_14_22_13_20"


def hosts(found: list[Any]) -> list[str]:
    return sorted(one.host for one in found if isinstance(one, Trace))


def test_hosts_of_a_session_are_merged(make: Any, write: Any, tmp_path: Path) -> None:
    for host in ("a", "b"):
        data = make["space"]([make["leaking"]().encode(), make["environment"]()], host)
        write(data, f"logs/train/{SESSION}/{host}.xplane.pb")
    evidence = read_traces([str(tmp_path / "logs")])
    assert hosts(evidence.found) == ["a", "b"]
    assert evidence.unavailable == []


def test_traces_of_another_run_are_left_out_by_their_own_clock(
    make: Any, write: Any, tmp_path: Path
) -> None:
    for number, begin in enumerate((1_600_000_000, 1_700_000_000)):
        plane = make["leaking"]().encode()
        data = make["space"]([plane, make["environment"](begin)], f"run-{number}")
        write(data, f"logs/{number}/{SESSION}/h.xplane.pb")
    evidence = read_traces([str(tmp_path)], 1_699_999_990, 1_700_000_060)
    assert hosts(evidence.found) == ["run-1"]
    assert any("outside the time" in one.reason for one in evidence.unavailable)


def test_a_folder_within_another_is_read_once(
    make: Any, write: Any, tmp_path: Path
) -> None:
    data = make["space"]([make["leaking"]().encode(), make["environment"]()], "h")
    write(data, f"logs/train/{SESSION}/h.xplane.pb")
    folders = [str(tmp_path / "logs"), str(tmp_path / "logs" / "train")]
    assert len(read_traces(folders).found) == 1


def test_damage_is_noted_and_the_rest_kept(
    leak_bytes: bytes, write: Any, tmp_path: Path
) -> None:
    write(leak_bytes, f"{SESSION}/good.xplane.pb")
    write(leak_bytes[: len(leak_bytes) // 2], f"{SESSION}/half.xplane.pb")
    write(b"", f"{SESSION}/gone.xplane.pb")
    write(b"not a trace at all", f"{SESSION}/text.xplane.pb")
    evidence = read_traces([str(tmp_path)])
    assert len(evidence.found) == 2
    assert [one.text.split(":")[0] for one in evidence.damage] == ["truncated"]
    assert len([one for one in evidence.unavailable if "empty" in one.reason]) == 1
    assert (
        len([one for one in evidence.unavailable if "not a trace" in one.reason]) == 1
    )


def test_side_files_count_only_without_their_trace(
    leak_bytes: bytes, write: Any, tmp_path: Path
) -> None:
    side = gzip.compress(json.dumps({"traceEvents": [{"ph": "X"}]}).encode())
    write(side, f"{SESSION}/a.trace.json.gz")
    write(leak_bytes, f"{SESSION}/a.xplane.pb")
    write(side, f"{SESSION}/b.trace.json.gz")
    names = {Path(one.path).name for one in find_trace_files(str(tmp_path))[0]}
    assert names == {"a.xplane.pb", "b.trace.json.gz"}


def test_of_many_maps_the_first_and_last_are_read(
    shared: Path, write: Any, tmp_path: Path
) -> None:
    data = (shared / "profiles" / "own_bfc_memory_dump_last.pb").read_bytes()
    for number in range(9):
        write(data, f"oom_GPU_0_bfc.179541748168742{number}")
    found = read_traces([str(tmp_path)]).found
    assert sorted(str(one.source)[-1] for one in found) == ["0", "8"]


def test_a_folder_without_traces_says_so(tmp_path: Path) -> None:
    evidence = read_traces([str(tmp_path), str(tmp_path / "missing")])
    assert [one.reason for one in evidence.unavailable] == [
        "there is none in it",
        "it does not exist",
    ]


def test_a_memory_profile_of_an_older_profiler(shared: Path) -> None:
    path = shared / "profiles" / "xprof_golden_tpu_training_memory_profile.json.gz"
    trace = read_side_file(str(path), "memory_profile")
    memory = next(one for one in trace.allocators if one.name == "0")
    assert trace.status == "ok"
    assert memory.peak_bytes == 5_307_538_688
    assert memory.reserved_bytes == 1_960_673_280
    assert memory.capacity_bytes == 102_803_439_616
    assert len(memory.timeline) == 421
    assert memory.device == "TPU:0"
    assert memory.confidence < 1.0
    assert all(group.op != "unused preallocated device memory" for group in memory.live)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", "empty"),
        (b"nothing", "not a trace"),
        (b'{"memoryProfilePerAllocator": ', "damaged"),
        (b"[1]", "not a trace"),
        (b"{}", "not a trace"),
        (b'{"memoryProfilePerAllocator": {"0": {"profileSummary": 5}}}', "not a trace"),
        (b"[" * 100_000, "damaged"),
    ],
)
def test_damaged_side_files(write: Any, data: bytes, status: str) -> None:
    path = write(gzip.compress(data), "h.memory_profile.json.gz")
    assert read_side_file(path, "memory_profile").status == status


def test_maps_in_a_packed_log(write: Any) -> None:
    line = b"Allocator (GPU_0_bfc) ran out of memory trying to allocate 1.00MiB "
    line += b"(rounded to 1048576)\n"
    found = maps_in_file(write(gzip.compress(b"noise\n" * 1000 + line), "train.err.gz"))
    assert [(one.line, one.requested_bytes) for one in found] == [(1001, 1 << 20)]
