"""Core files: patterns of core(5), and cores of somebody else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kerascrash.watch import core_file


@pytest.mark.parametrize(
    ("pattern", "uses_pid", "name"),
    [
        ("core", "0", "core"),
        ("core", "1", "core.42"),
        ("core.%e.%p", "1", "core.python.42"),
        ("dumps%%/%t-%p", "0", "dumps%/1700000000-42"),
    ],
)
def test_the_pattern_is_followed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pattern: str,
    uses_pid: str,
    name: str,
) -> None:
    facts = {core_file._PATTERN: pattern, core_file._USES_PID: uses_pid}
    monkeypatch.setattr(core_file, "_read", facts.__getitem__)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    found = core_file.find_core(42, str(tmp_path), time.time())
    assert found == (str(tmp_path / name), "")


def test_an_old_core_is_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_file, "_read", {core_file._PATTERN: "core.%p"}.get)
    (tmp_path / "core.42").touch()
    os.utime(tmp_path / "core.42", (1, 1))
    path, reason = core_file.find_core(42, str(tmp_path), time.time())
    assert path is None
    assert "core.42" in reason


def test_a_program_that_takes_cores_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pattern = "|/usr/lib/systemd/systemd-coredump %P %u"
    monkeypatch.setattr(core_file, "_read", {core_file._PATTERN: pattern}.get)
    path, reason = core_file.find_core(42, "/", time.time())
    assert path is None
    assert "systemd-coredump" in reason
