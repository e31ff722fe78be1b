"""Core files of real deaths, cut, damaged, of other machines, and no cores at all."""

from __future__ import annotations

import os
import random
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect.core.case import with_core
from kerascrash.collect.core.notes import NotACoreError
from kerascrash.collect.core.read import read_core
from kerascrash.collect.left_behind import make_case
from kerascrash.diagnose import diagnose
from kerascrash.errors import SourceError
from kerascrash.model.case import Case, ExitStatus
from kerascrash.model.core import CoreFile
from kerascrash.model.evidence import Unavailable

# Real, and cut off behind its notes: a read of address 24 in a static C program.
KEPT = Path(__file__).parent / "kept" / "native_crash.core"
IN_THREAD = (
    "import threading, ctypes; t = threading.Thread(target=ctypes.string_at, args=[24])"
    "; t.start(); t.join()"
)
BUS = (
    "import mmap; f = open('data', 'w+b'); f.truncate(8192); "
    "m = mmap.mmap(f.fileno(), 8192); f.truncate(0); m[5000]"
)
DEEP = (
    "import ctypes; f = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: f()); "
    "import sys; sys.setrecursionlimit(10**9); f()"
)
HANDLED = "import faulthandler, ctypes; faulthandler.enable(); ctypes.string_at(8)"


@pytest.fixture(scope="session")
def cores_are_files() -> None:
    if sys.platform != "linux":
        pytest.skip("core files of Linux")
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if "/" in pattern or pattern.startswith("|") or not pattern.startswith("core"):
        pytest.skip(f"core files do not go to the working directory: {pattern}")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        pytest.skip("core files are limited here (ulimit -H -c)")


def die(folder: Path, code: str, *arguments: str, by: int | None = None) -> Path:
    """Let Python die of ``code``, or of a signal of ours; return its core file."""

    def allow() -> None:
        limit = resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))

    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=folder, preexec_fn=allow,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        if by:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(by)
        assert process.wait(60) < 0
    (core,) = folder.glob("core*")
    return core


def explain(core: Path, status: str | None = None) -> Any:
    case = with_core(make_case([], status), str(core))
    return diagnose(case)


@pytest.mark.crash
@pytest.mark.usefixtures("cores_are_files")
@pytest.mark.parametrize(
    ("code", "number", "finding", "cause", "said"),
    [
        ("import ctypes; ctypes.string_at(8)", 11, "core_segfault",
         "native_segfault", "0x8 (a null pointer) in libc"),
        (IN_THREAD, 11, "core_segfault", "native_segfault", "0x18"),
        (HANDLED, 11, "core_segfault", "native_segfault", "raised again"),
        (DEEP, 11, "core_stack_overflow", "stack_overflow", "next to the stack"),
        (BUS, 7, "core_bus_error", "bus_error_shm", "/data) in mmap."),
        ("import os; os.abort()", 6, "core_abort", "native_abort_check", "abort()"),
    ],
    ids=["null", "thread", "handled", "deep", "bus", "abort"],
)  # fmt: skip
def test_a_real_core_tells_how_it_died(
    tmp_path: Path, code: str, number: int, finding: str, cause: str, said: str
) -> None:
    core = die(tmp_path, code)
    diagnosis = explain(core)
    (found,) = (f for f in diagnosis.findings if f.id.startswith("core_"))
    assert found.id == finding
    assert said in found.text
    assert diagnosis.verdict.cause == cause
    assert diagnosis.verdict.confidence > 0.8
    assert diagnosis.case.exit == ExitStatus(
        signal=number, known_by="core", core_dumped=True
    )


@pytest.mark.crash
@pytest.mark.usefixtures("cores_are_files")
def test_of_an_impossible_address_no_address_is_known(tmp_path: Path) -> None:
    # x86 has no address there to tell of (SI_KERNEL, 0): it was no null pointer.
    core = die(tmp_path, "import ctypes; ctypes.string_at(1 << 62)")
    if read_core(str(core)).machine != "x64":
        pytest.skip("other processors tell the address")
    (found,) = (f for f in explain(core).findings if f.id.startswith("core_"))
    assert "an impossible address" in found.text
    assert "null" not in found.text


@pytest.mark.crash
@pytest.mark.usefixtures("cores_are_files")
def test_a_signal_that_somebody_sent_is_no_fault_of_the_program(tmp_path: Path) -> None:
    wait = "import time; print('here', flush=True); time.sleep(60)"
    core = die(tmp_path, wait, by=signal.SIGSEGV)
    assert read_core(str(core)).sender == os.getpid()
    verdict = explain(core).verdict
    assert verdict.cause == "external_kill"
    assert verdict.summary.startswith("killed from outside with SIGSEGV")


@pytest.mark.crash
@pytest.mark.usefixtures("cores_are_files")
def test_the_command_line_is_shown_without_secrets(tmp_path: Path) -> None:
    core = die(tmp_path, "import os; os.abort()", "--token", "abc", "-v")
    shown = read_core(str(core)).arguments
    assert "abc" not in shown
    if shown[-1] == "-v":  # else the interpreter's own path took the 80 bytes
        assert shown[-3:] == ("--token", "***", "-v")


def test_the_kept_core_is_read_whole() -> None:
    core = read_core(str(KEPT))
    assert core.complete
    assert (core.signal, core.code, core.address) == (11, 1, 24)
    assert core.name == "native_crash"
    assert core.arguments == ("./native_crash", "--token", "***")
    assert core.at is not None
    assert core.at.path == "/srv/training/native_crash"
    assert core.pc_offset is not None
    assert 0 < core.pc_offset < core.at.offset + core.at.end - core.at.begin


@pytest.mark.parametrize("machine", [183, 243, 40, 8, 0, 0xFFFF])
def test_a_core_of_another_machine_keeps_what_all_have(
    tmp_path: Path, machine: int
) -> None:
    data = bytearray(KEPT.read_bytes())
    struct.pack_into("<H", data, 18, machine)
    (tmp_path / "core").write_bytes(data)
    core = read_core(str(tmp_path / "core"))
    assert (core.signal, core.name) == (11, "native_crash")
    assert diagnose(with_core(make_case([]), core.source)).faults == ()


def test_of_a_cut_core_counts_what_is_left(tmp_path: Path) -> None:
    data = KEPT.read_bytes()
    path = tmp_path / "core"
    told = []
    for size in range(len(data) - 1, 0, -37):
        path.write_bytes(data[:size])
        try:
            told.append(read_core(str(path)).signal)
        except NotACoreError:
            told.append(None)
    assert told[0] == 11
    assert told[-1] is None
    case = with_core(make_case([]), str(path))
    assert case.core is None
    assert case.unavailable[-1].what == "core file"


def test_damage_costs_neither_time_nor_an_exception(tmp_path: Path) -> None:
    data = KEPT.read_bytes()
    chance, path = random.Random(0), tmp_path / "core"
    begin = time.monotonic()
    for _ in range(400):
        mutant = bytearray(data)
        for _ in range(chance.choice((1, 4, 40))):
            place = chance.randrange(len(mutant))
            mutant[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        path.write_bytes(mutant)
        try:
            read_core(str(path))
        except NotACoreError:
            continue
    assert time.monotonic() - begin < 30


def test_notes_without_end_are_not_followed(tmp_path: Path) -> None:
    """A terabyte of notes (a hole in the file), each of no length."""
    data = bytearray(KEPT.read_bytes())
    struct.pack_into("<Q", data, 64 + 32, 1 << 40)  # p_filesz of PT_NOTE
    struct.pack_into("<Q", data, 64 + 8, 1 << 20)  # p_offset: into the hole
    path = tmp_path / "core"
    path.write_bytes(data)
    os.truncate(path, 1 << 40)
    begin = time.monotonic()
    core = read_core(str(path))
    assert not core.complete
    assert core.signal is None
    assert time.monotonic() - begin < 10


def test_mappings_without_end_are_not_followed(tmp_path: Path) -> None:
    data = bytearray(KEPT.read_bytes())
    place = data.index(b"ELIF")  # type of NT_FILE; its description follows the name
    struct.pack_into("<I", data, place - 4, 1 << 31)
    struct.pack_into("<Q", data, place + 12, 1 << 60)
    path = tmp_path / "core"
    path.write_bytes(data + bytes(32 << 20))
    begin = time.monotonic()
    core = read_core(str(path))
    assert core.signal == 11
    assert not core.complete
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"Segmentation fault\n", "not an ELF file"),
        (b"\x28\xb5\x2f\xfd" + bytes(100), "zstd"),
        (b"\x7fELF", "no core"),
        (KEPT.read_bytes()[:16] + b"\x02" + KEPT.read_bytes()[17:], "no core"),
        (KEPT.read_bytes()[:50], "damaged"),
    ],
    ids=["empty", "text", "packed", "magic", "program", "header"],
)
def test_what_is_no_core_is_said(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "core"
    path.write_bytes(content)
    case = with_core(make_case([], "SIGSEGV"), str(path))
    assert case.core is None
    told = [u.reason for u in case.unavailable if u.what == "core file"]
    assert len(told) == 1
    assert reason in told[0]
    assert diagnose(case).verdict.cause == "native_segfault"


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        with_core(make_case([]), str(tmp_path / "core"))
    assert with_core(make_case([]), str(tmp_path)).core is None


def test_the_core_of_another_death_is_refused() -> None:
    case = with_core(make_case([], "SIGKILL"), str(KEPT))
    assert case.core is None
    assert "another death" in case.unavailable[-1].reason


@pytest.mark.parametrize(
    ("code", "number", "cause"),
    [
        (4, 7, "machine_check"),
        (2, 7, "bus_error_shm"),
        (1, 8, "fpe"),
        (2, 4, "illegal_instruction"),
        (0, 6, "external_kill"),
        (-6, 6, "native_abort_check"),
    ],
)
def test_si_code_decides(code: int, number: int, cause: str) -> None:
    fault = code > 0
    core = CoreFile(
        "core", "x64", number, code, 0x7F00 if fault else None,
        None if fault else 9 if code == -6 else 1, 9, 9, "python",
    )  # fmt: skip
    bare = make_case([], f"signal {number}")
    case = Case(bare.platform, bare.exit, bare.process, bare.recording,
                bare.certificate, core=core)  # fmt: skip
    verdict = diagnose(case).verdict
    assert verdict.cause == cause
    assert verdict.confidence > 0.7


def test_without_a_core_nothing_is_said_of_one() -> None:
    case = make_case([], "SIGSEGV")
    assert isinstance(case.recording, Unavailable)
    assert not [f for f in diagnose(case).findings if f.id.startswith("core_")]
