"""What coredumpctl and systemd-coredump say of a core, and what only looks like it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from kerascrash.collect.left_behind import make_case
from kerascrash.collect.log_text import make_logs
from kerascrash.diagnose import diagnose

INFO = """\
           PID: {pid} ({name})
           UID: 1000 (ada)
           GID: 1000 (ada)
        Signal: {number} ({signal})
     Timestamp: Fri 2024-05-03 10:12:33 CEST (2min 4s ago)
  Command Line: python train.py --epochs 5
    Executable: /usr/bin/python3.11
 Control Group: /user.slice/user-1000.slice/session-3.scope
          Unit: session-3.scope
       Boot ID: 0123456789abcdef0123456789abcdef
       Storage: /var/lib/systemd/coredump/core.{name}.1000.01.{pid}.17.zst (present)
  Size on Disk: 41.2M
       Message: Process {pid} ({name}) of user 1000 dumped core.

                Module libc.so.6 from deb glibc-2.36-9.amd64
                Stack trace of thread {pid}:
"""
OF_ABORT = ["pthread_kill (libc.so.6 + 0x8a000)", "raise (libc.so.6 + 0x3c000)",
            "abort (libc.so.6 + 0x26000)"]  # fmt: skip
SEGV = ("SEGV", 11)
ABRT = ("ABRT", 6)


def info(
    signal: tuple[str, int], frames: list[str], name: str = "python", pid: int = 4711
) -> str:
    text = INFO.format(pid=pid, name=name, signal=signal[0], number=signal[1])
    rows = [f"#{n}  0x00007f5c6b7a8e97 {frame}" for n, frame in enumerate(frames)]
    return text + "".join(f"                {row}\n" for row in rows)


def judge(text: str, kind: str = "stderr") -> Any:
    return diagnose(make_case(make_logs(text.splitlines(), kind, "pasted")))


@pytest.mark.parametrize("kind", ["stderr", "system"])
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (info(SEGV, ["n/a (libtensorflow_cc.so.2 + 0x1047)"]), "native_segfault"),
        (info(ABRT, OF_ABORT), "native_abort_check"),
        (info(ABRT, [*OF_ABORT, "__libc_message (libc.so.6 + 0x7)",
                     "malloc_printerr (libc.so.6 + 0x9)"]), "native_abort_check"),
        (info(ABRT, [*OF_ABORT, "_ZN9__gnu_cxx27__verbose_terminate_handlerEv "
                     "(libstdc++.so.6)", "_ZSt17__throw_bad_allocv (libstdc++.so.6)"]),
         "alloc_failure"),
        (info(("ILL", 4), ["n/a (_ops.so + 0x1)"]), "illegal_instruction"),
        (info(("FPE", 8), ["n/a (_ops.so + 0x1)"]), "fpe"),
        (info(("BUS", 7), ["n/a (_ops.so + 0x1)"]), "bus_error_shm"),
        ("Fri 2024-05-03 10:12:33 CEST 4711 1000 1000 SIGSEGV present "
         "/usr/bin/python3.11 12.3M\n", "native_segfault"),
        ("Fri 2019-05-03 10:12:33 UTC  4711  1000  1000   7 present "
         "/usr/bin/python3.6\n", "bus_error_shm"),
        ('[{"time":1714723953000000,"pid":4711,"uid":1000,"gid":1000,"sig":6,'
         '"corefile":"present","exe":"/usr/bin/python3.11","size":1234}]\n',
         "native_abort_check"),
        ('[\n\t{\n\t\t"time" : 1714723953000000,\n\t\t"pid" : 4711,\n\t\t"sig" : 11,\n'
         '\t\t"corefile" : "present",\n\t\t"exe" : "/usr/bin/python3.11"\n\t}\n]\n',
         "native_segfault"),
        ("        Signal: 8 (FPE)\n", "fpe"),
        ("May 03 10:12:33 gpu1 systemd-coredump[4720]: Process 4711 (python) of user "
         "1000 dumped core.\n\n  Stack trace of thread 4711:\n"
         "  #0  0x00007f5c6b7a8e97 n/a (libcuda.so.1 + 0x12)\n", None),
    ],
)  # fmt: skip
def test_the_core_is_understood(text: str, cause: str | None, kind: str) -> None:
    verdict = judge(text, kind).verdict
    if cause is None:  # the journal's line tells no signal
        return
    assert verdict.cause == cause, verdict
    assert verdict.confidence > (0.5 if cause == "native_abort_check" else 0.7)


def test_the_module_of_the_top_frame_is_told() -> None:
    diagnosis = judge(info(SEGV, ["n/a (libcudnn.so.9 + 0x1)", "main (python + 0x2)"]))
    (found,) = (f for f in diagnosis.findings if f.id == "exit_sigsegv")
    assert found.data["module"] == "libcudnn.so.9"
    assert "process 4711" in found.text


def test_the_last_python_of_several_counts() -> None:
    text = info(SEGV, [], pid=1) + info(ABRT, [], pid=2)
    other = info(("BUS", 7), [], name="gnome-shell", pid=3)
    text += other.replace("python3.11", "gnome-shell")
    assert judge(text).verdict.cause == "native_abort_check"


def test_a_core_of_something_else_says_little() -> None:
    text = info(SEGV, [], name="Xorg").replace("python3.11", "Xorg")
    verdict = judge(text).verdict
    assert verdict.cause == "unknown" or verdict.confidence < 0.6


@pytest.mark.parametrize(
    "text",
    [
        "#0  0x00007f5c6b7a8e97 in raise () from /lib/libc.so.6\n",
        "No coredumps found.\n",
        "Signal: none\nPID: 12\n",
        '{"sig": "x", "pid": null, "exe": []}\n' * 3,
        '{"sig"' * 20_000,
        "{" * 50_000 + '"sig"',
        "#0 0x" + "f" * 60_000 + " (" * 20_000,
    ],
    ids=["gdb", "none", "words", "types", "many", "open", "frame"],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    begin = time.monotonic()
    diagnosis = judge(text)
    assert diagnosis.faults == ()
    assert not [f for f in diagnosis.findings if f.id.startswith("exit_sig")]
    assert time.monotonic() - begin < 5
