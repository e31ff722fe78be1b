"""How a death is known: exit codes and signals, as root and as an ordinary user."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest

DEATHS = {
    "exit 7": ("sys.exit(7)", {"code": 7, "signal": None}),
    "exit 0 from within": ("os._exit(0)", {"code": 0, "signal": None}),
    "SIGKILL": ("os.kill(os.getpid(), 9)", {"code": None, "signal": signal.SIGKILL}),
    "SIGSEGV": (
        "import ctypes; ctypes.string_at(0)",
        {"code": None, "signal": signal.SIGSEGV},
    ),
    "SIGABRT": ("os.abort()", {"code": None, "signal": signal.SIGABRT}),
    "after the end": ("finish(); sys.exit(3)", {"code": 3, "signal": None}),
}


def python_for_everybody(options: dict[str, Any]) -> str:
    """Return an interpreter that runs with these options, or skip."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            code = "import sys; sys.exit(sys.version_info < (3, 10))"
            if (
                subprocess.run([python, "-c", code], check=False, **options).returncode
                == 0
            ):
                return python
        except (OSError, subprocess.SubprocessError):
            continue
    pytest.skip("no interpreter that another user could run, or not root")


@pytest.mark.crash
@pytest.mark.parametrize("user", ["ourselves", "nobody"])
@pytest.mark.parametrize(("body", "expected"), DEATHS.values(), ids=list(DEATHS))
def test_the_certificate_has_the_status(
    watched: Any, body: str, expected: dict[str, Any], user: str
) -> None:
    options: dict[str, Any] = {}
    if user == "nobody":
        options = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        watched.python = python_for_everybody(options)
    watched.run(body, **options)
    end = watched.certificate()["exit"]
    assert {key: end[key] for key in expected} == expected
    assert end["known_by"] in ("pidfd", "zombie")
    watched.wait_for_silence()


@pytest.mark.crash
def test_a_segfault_brings_its_kernel_line_or_the_reason(watched: Any) -> None:
    done = watched.run("import ctypes; print(os.getpid()); ctypes.string_at(0)")
    pid = done.stdout.split()[1]
    kernel = watched.certificate()["kernel"]
    if kernel["readable"]:
        assert any(f"[{pid}]: segfault" in row["text"] for row in kernel["lines"])
    else:
        assert kernel["reason"]


@pytest.mark.crash
def test_the_last_words_in_a_file_are_read(watched: Any) -> None:
    from kerascrash.dump.reader import read_dump

    log = watched.folder / "log"
    log.write_text("of an earlier run\n")
    with log.open("a") as stderr:
        watched.run(
            "os.write(2, b'last words\\n'); os.abort()",
            capture_output=False,
            stderr=stderr,
        )
    stderr = watched.certificate()["stderr"]
    assert stderr["how"] == "file"
    assert read_dump(str(watched.dump)).stderr == b"last words\n"


@pytest.mark.crash
def test_a_childs_death_is_noted_and_a_good_end_is_not(watched: Any) -> None:
    watched.run(
        "import subprocess\n"
        "bad = subprocess.Popen(['sh', '-c', 'sleep 2.2; kill -11 $$'])\n"
        "good = subprocess.Popen(['sleep', '2.2'])\n"
        "print(bad.pid, bad.wait(), good.wait()); sys.exit(1)"
    )
    children = watched.certificate()["children"]
    assert [(row["comm"], row["signal"]) for row in children] == [("sh", 11)]
