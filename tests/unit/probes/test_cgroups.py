"""Cgroup levels of both versions, over folders laid out as the kernel does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerascrash.probes import cgroups, oom_counters
from kerascrash.probes.cgroup_limits import describe_limits
from kerascrash.probes.cgroup_memory import CgroupMemory

MIB = 1 << 20


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let /proc tell of mounts and memberships that lie in ``tmp_path``."""

    def make(version: int, membership: str, root: str = "/") -> Path:
        kind, options = ("cgroup2", "rw") if version == 2 else ("cgroup", "rw,memory")
        line = f"35 31 0:32 {root} {tmp_path} rw - {kind} {kind} {options}\n"
        member = f"0::{membership}" if version == 2 else f"4:memory:{membership}"
        texts = {"/proc/self/mountinfo": line, "/proc/77/cgroup": member + "\n"}
        monkeypatch.setattr(cgroups, "_read_text", lambda path: texts.get(path, ""))
        return tmp_path

    return make


def fill(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def read(version: int) -> dict[str, int]:
    values: dict[str, int] = {}
    reader = CgroupMemory(77, version)
    reader.read(values)
    reader.close()
    return values


def test_the_level_with_the_least_headroom_counts(machine: Any) -> None:
    root = machine(2, "/pod/job")
    fill(root / "pod", memory__current=900 * MIB, memory__max=1000 * MIB)
    fill(root / "pod/job", memory__current=500 * MIB, memory__max=800 * MIB)
    values = read(2)
    assert values["cgroup_limit"] == 1000 * MIB
    assert values["cgroup_headroom"] == 100 * MIB


def test_cache_that_can_be_dropped_is_headroom(machine: Any) -> None:
    root = machine(1, "/job")
    fill(
        root / "job",
        memory__usage_in_bytes=990 * MIB,
        memory__limit_in_bytes=1000 * MIB,
        memory__max_usage_in_bytes=1000 * MIB,
        memory__stat=f"inactive_file 0\ntotal_inactive_file {400 * MIB}",
    )
    values = read(1)
    assert values["cgroup_headroom"] == 410 * MIB
    assert values["cgroup_current"] == 990 * MIB
    assert values["cgroup_peak"] == 1000 * MIB


def test_without_a_limit_usage_alone_is_told(machine: Any) -> None:
    root = machine(1, "/job")
    fill(
        root / "job",
        memory__usage_in_bytes=5 * MIB,
        memory__limit_in_bytes=9223372036854771712,
    )
    assert read(1) == {"cgroup_current": 5 * MIB}


def test_the_whole_machine_is_no_group_of_ours(machine: Any) -> None:
    root = machine(1, "/")
    fill(root, memory__usage_in_bytes=5, memory__limit_in_bytes=2**63 - 4096)
    (root / "release_agent").touch()
    assert read(1) == {}


def test_a_containers_own_top_is_its_group(machine: Any) -> None:
    root = machine(2, "/", root="/")
    fill(root, memory__current=7 * MIB, memory__max="max")
    assert read(2) == {"cgroup_current": 7 * MIB}


@pytest.mark.parametrize(
    ("membership", "root"),
    [("/docker/abc/sub", "/docker/abc"), ("/../elsewhere/sub", "/"), ("/gone", "/")],
)
def test_a_view_from_another_namespace(
    machine: Any, membership: str, root: str
) -> None:
    folder = machine(2, membership, root)
    fill(folder, memory__current=1 * MIB, memory__max=10 * MIB)
    assert read(2)["cgroup_limit"] == 10 * MIB


def test_limits_are_described_level_by_level(machine: Any) -> None:
    root = machine(2, "/pod/job")
    fill(root / "pod", memory__current=1, memory__max=1000, pids__max=50)
    fill(root / "pod/job", memory__current=1, memory__max="max", pids__max="max")
    assert describe_limits(77) == {
        "cgroup": {
            "version": 2,
            "path": "/pod/job",
            "levels": [
                {"path": "/pod/job", "limit": -1},
                {"path": "/pod", "limit": 1000},
            ],
            "pids_path": "/pod/job",
        },
        "cgroup_limit": 1000,
        "pids_max": 50,
    }


def test_counters_of_every_level(machine: Any) -> None:
    root = machine(2, "/pod/job")
    fill(root / "pod", memory__current=1, memory__max=9, memory__events="max 3\noom 1")
    fill(
        root / "pod/job",
        memory__current=1,
        memory__max="max",
        memory__events="max 0\noom_kill 1",
        memory__events__local="oom_kill 0",
    )
    found = oom_counters.read_oom_counters(77)["cgroups"]
    assert [row["path"] for row in found] == ["/pod/job", "/pod"]
    assert found[0]["counters"] == {"max": 0, "oom_kill": 1, "local.oom_kill": 0}
    assert found[1]["counters"] == {"max": 3, "oom": 1}
    assert found[1]["limit"] == 9
