"""What lies beside a dump belongs to it: thinned out, tidied, moved, removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kerascrash.collect.trace_files import find_trace_files
from kerascrash.dump import beside
from kerascrash.record.folder import prune_folder


def add(dump: Path, name: str, data: bytes = b"x") -> Path:
    path = Path(beside.traces_folder(str(dump))) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_of_each_allocators_maps_the_first_and_the_last_stay(tmp_path: Path) -> None:
    dump = tmp_path / "a.bin"
    for stamp in (1795440667450948, 1795440668450948, 1795440677454682):
        add(dump, f"maps/map_GPU_0_bfc.{stamp}")
    add(dump, "maps/map_GPU_1_bfc.1795440667450949")
    beside.thin_out_maps(str(dump))
    assert names(tmp_path / "a.bin.traces" / "maps") == [
        "map_GPU_0_bfc.1795440667450948",
        "map_GPU_0_bfc.1795440677454682",
        "map_GPU_1_bfc.1795440667450949",
    ]


def test_two_maps_that_are_too_much_become_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "MOST_MAP_BYTES", 150)
    dump = tmp_path / "a.bin"
    for stamp in (1, 2):
        add(dump, f"maps/map_GPU_0_bfc.{stamp}", bytes(100))
    beside.thin_out_maps(str(dump))
    assert names(tmp_path / "a.bin.traces" / "maps") == ["map_GPU_0_bfc.2"]


def test_of_the_dead_only_what_is_complete_stays(tmp_path: Path) -> None:
    dump = tmp_path / "a.bin"
    kept = add(dump, "plugins/profile/step_1/h.xplane.pb")
    add(dump, "window.partial/2/plugins/profile/x/h.xplane.pb")
    (tmp_path / "a.bin.traces" / "maps").mkdir()
    assert [one.path for one in find_trace_files(str(tmp_path))[0]] == [str(kept)]
    beside.tidy_traces(str(dump))
    assert names(tmp_path / "a.bin.traces") == ["plugins"]
    kept.unlink()
    beside.remove_traces(str(dump))
    assert names(tmp_path) == []


def test_nothing_is_removed_through_a_link(tmp_path: Path) -> None:
    dump, precious = tmp_path / "a.bin", tmp_path / "precious"
    precious.mkdir()
    (precious / "model.keras").write_bytes(b"x")
    folder = tmp_path / "a.bin.traces"
    folder.mkdir()
    os.symlink(precious, folder / "plugins")
    beside.remove_traces(str(dump))
    assert names(tmp_path) == ["precious"]
    os.symlink(precious, folder)
    beside.remove_traces(str(dump))
    assert names(precious) == ["model.keras"]


def test_traces_move_with_their_dump(tmp_path: Path) -> None:
    add(tmp_path / "ring" / "a.bin", "memory/step_1.prof")
    (tmp_path / "final").mkdir()
    beside.move_traces(str(tmp_path / "ring/a.bin"), str(tmp_path / "final/a.bin"))
    assert names(tmp_path / "final" / "a.bin.traces" / "memory") == ["step_1.prof"]
    assert names(tmp_path / "ring") == []


def test_traces_go_with_a_dump_that_was_deleted_by_hand(tmp_path: Path) -> None:
    add(tmp_path / "a-20261123T140322-4711.bin", "memory/step_1.prof")
    add(tmp_path / "mine.traces", "memory/step_1.prof")
    prune_folder(str(tmp_path))
    assert names(tmp_path) == ["mine.traces.traces"]
