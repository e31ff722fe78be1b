"""Which evidence of device memory a case gets: named, noted by the recorder, told."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kerascrash.cli.device_evidence import with_device_evidence
from kerascrash.model.allocator_map import AllocatorMap
from kerascrash.model.case import Case, Log, LogLine, Mark, Process, Recording
from kerascrash.model.evidence import Unavailable
from kerascrash.model.trace import Trace

ROOT = Path(__file__).resolve().parents[3]
NONE = Unavailable("x", "absent")
REFUSED = "Allocator (GPU_0_bfc) ran out of memory trying to allocate 1.00GiB"
OOM = (
    "OOM when allocating tensor with shape[8,8] and type float on "
    "/job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc"
)


def case_of(*marks: Mark, lines: tuple[str, ...] = (), same_boot: bool = True) -> Case:
    recording = Recording("run.bin", "sealed", marks=marks)
    process = Process(pid=1, start=100.0, cwd="/nowhere")
    logs = (Log("stderr", "dump:stderr", tuple(LogLine(1, text) for text in lines)),)
    return Case(
        "linux", NONE, process, recording, NONE, logs, death=200.0, same_boot=same_boot
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log folder with a trace of which only the beginning is left."""
    session = tmp_path / "logs" / "plugins" / "profile" / "2023_11_14_22_13_20"
    session.mkdir(parents=True)
    plane = b"\x12\x09/host:CPU"
    (session / "h.xplane.pb").write_bytes(b"\x0a" + bytes([len(plane)]) + plane)
    return tmp_path / "logs"


def test_folders_that_the_recorder_noted_are_looked_into(folder: Path) -> None:
    case = case_of(Mark(150.0, "log_dir", {"path": str(folder), "what": "profiler"}))
    (trace,) = with_device_evidence(case).traces
    assert isinstance(trace, Trace)
    assert Path(trace.path).name == "h.xplane.pb"


def test_a_dump_from_another_machine_reads_no_folder_of_this_one(folder: Path) -> None:
    case = case_of(Mark(150.0, "log_dir", {"path": str(folder)}), same_boot=False)
    assert with_device_evidence(case).traces == ()


def asked_for_windows(dump: Path) -> Case:
    case = case_of(same_boot=False)
    assert isinstance(case.recording, Recording)
    asked = {"settings": {"profile_every": 100}}
    recording = replace(case.recording, source=str(dump), environment=asked)
    return replace(case, recording=recording)


@pytest.mark.parametrize("name", ["run.bin", "run.bin.gz"])
def test_windows_beside_the_dump_travel_with_it(folder: Path, name: str) -> None:
    folder.rename(folder.parent / "run.bin.traces")
    case = with_device_evidence(asked_for_windows(folder.parent / name))
    (trace,) = case.traces
    assert isinstance(trace, Trace)
    assert "profile windows" not in [one.what for one in case.unavailable]


def test_windows_that_were_asked_for_and_are_not_there_are_missed(
    tmp_path: Path,
) -> None:
    case = with_device_evidence(asked_for_windows(tmp_path / "run.bin"))
    assert "profile windows" in [one.what for one in case.unavailable]
    nobody_asked = with_device_evidence(case_of())
    assert "profile windows" not in [one.what for one in nobody_asked.unavailable]


@pytest.mark.parametrize("path", ["", None, 5, "/nonexistent", "\x00"])
def test_a_noted_folder_may_be_anything(path: object) -> None:
    case = case_of(Mark(150.0, "log_dir", {"path": path}))
    assert with_device_evidence(case).traces == ()


def test_what_stderr_tells_is_taken_once(tmp_path: Path) -> None:
    (found,) = with_device_evidence(case_of(lines=(REFUSED,))).traces
    assert isinstance(found, AllocatorMap)
    path = tmp_path / "train.err"
    path.write_text(REFUSED)
    log = Log("stderr", str(path), (LogLine(1, REFUSED),))
    case = replace(case_of(), logs=(log,))
    assert len(with_device_evidence(case, (), (str(path),)).traces) == 1


def test_an_exception_that_was_recorded_counts_where_no_text_does() -> None:
    mark = Mark(150.0, "exception", {"type": "ResourceExhaustedError", "message": OOM})
    (found,) = with_device_evidence(case_of(mark)).traces
    assert isinstance(found, AllocatorMap)
    assert found.shape == "[8,8]"


def test_a_case_without_any_stays_as_it_is() -> None:
    case = case_of(lines=("Epoch 1/3",))
    assert with_device_evidence(case) is case


def test_a_missing_trace_is_said_and_no_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "nothing")
    argv = [sys.executable, "-m", "kerascrash", "explain", "--exit", "1"]
    done = subprocess.run(
        [*argv, "--trace", missing, "--format", "json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["allocators"] == []
    said = {one["what"]: one["reason"] for one in report["unavailable"]}
    assert said[f"profiler trace {missing}"] == "it does not exist"
