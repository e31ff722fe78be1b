"""Text piped into ``kerascrash explain`` beside a status, and pipes without an end."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from kerascrash.cli.patient_pipe import PatientPipe

ROOT = Path(__file__).parents[3]
LIMIT = b"oom-kill:constraint=CONSTRAINT_MEMCG,task=python,pid=9,uid=0\n"
EXPLAIN = (sys.executable, "-m", "kerascrash", "explain", "--format", "json")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def explain(stdin: IO[bytes] | int, *args: str) -> tuple[dict[str, Any], str]:
    """Return the report and what was said on standard error; never waits for long."""
    done = subprocess.run(
        [*EXPLAIN, *args],
        stdin=stdin, capture_output=True, text=True, timeout=120, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def in_file(text: bytes) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(text)
    file.seek(0)
    return file


def in_pipe(text: bytes) -> IO[bytes]:
    end, begin = os.pipe()
    os.write(begin, text)
    os.close(begin)
    return os.fdopen(end, "rb")


@pytest.mark.parametrize("put", [in_file, in_pipe])
def test_piped_text_is_used_beside_a_status(put: Callable[[bytes], IO[bytes]]) -> None:
    with put(LIMIT) as stdin:
        report, said = explain(stdin, "--exit", "137")
    assert report["verdict"]["cause"] == "host_oom_cgroup"
    assert report["exit"]["signal"] == 9
    assert said == ""


def test_piped_text_is_used_beside_a_file(tmp_path: Path) -> None:
    (tmp_path / "train.err").write_text("Epoch 1/3\nKilled\n")
    with in_pipe(LIMIT) as stdin:
        report, _ = explain(stdin, "--stderr", str(tmp_path / "train.err"))
    assert report["verdict"]["cause"] == "host_oom_cgroup"
    assert {log["kind"] for log in report["logs"]} == {"stderr", "kernel"}


def test_a_pipe_that_nobody_writes_or_closes_is_not_waited_for() -> None:
    end, begin = os.pipe()
    try:
        report, said = explain(end, "--exit", "137")
    finally:
        os.close(begin)
        os.close(end)
    assert report["verdict"]["cause"] == "host_oom_global"
    assert "nothing came within 5 s" in said


@linux_only
def test_the_callers_own_pipe_is_waited_for_a_second_only(tmp_path: Path) -> None:
    end, begin = os.pipe()
    script = tmp_path / "why.sh"
    script.write_text(" ".join([*EXPLAIN, "--exit", "137"]) + "\ntrue\n")
    try:
        done = subprocess.run(
            ["sh", str(script)],
            stdin=end, capture_output=True, text=True, timeout=120, env=ENVIRONMENT,
        )  # fmt: skip
    finally:
        os.close(begin)
        os.close(end)
    assert json.loads(done.stdout)["verdict"]["cause"] == "host_oom_global"
    assert "nothing came within 1 s" in done.stderr


def test_a_file_that_somebody_else_reads_is_left_to_him() -> None:
    with in_file(b"first\n" + LIMIT) as stdin:
        os.lseek(stdin.fileno(), len(b"first\n"), os.SEEK_SET)
        report, _ = explain(stdin, "--exit", "137")
        assert os.read(stdin.fileno(), 1000) == LIMIT
    assert report["logs"] == []


@linux_only
@pytest.mark.parametrize("options", [(), ("-s", "given")])
def test_the_commands_of_a_calling_shell_are_left_to_it(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    shell = shutil.which("bash") or shutil.which("sh")
    assert shell is not None
    command = " ".join([*EXPLAIN, "--exit", "137", "-o", str(tmp_path / "out.json")])
    done = subprocess.run(
        [shell, *options],
        input=f"{command}\necho went on\n",
        capture_output=True, text=True, timeout=120, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.stdout.endswith("went on\n")
    assert done.stderr == ""


@linux_only
def test_what_is_piped_into_a_script_of_a_shell_is_used(tmp_path: Path) -> None:
    script = tmp_path / "why.sh"
    script.write_text(" ".join([*EXPLAIN, "--exit", "137"]) + "\ntrue\n")
    done = subprocess.run(
        ["sh", str(script)],
        input=LIMIT, capture_output=True, timeout=120, env=ENVIRONMENT,
    )  # fmt: skip
    assert json.loads(done.stdout)["verdict"]["cause"] == "host_oom_cgroup"


@pytest.mark.skipif(sys.platform == "win32", reason="closes a descriptor by the shell")
@pytest.mark.parametrize(("args", "code"), [("--exit 137", 0), ("", 6)])
def test_a_closed_standard_input_is_no_failure(args: str, code: int) -> None:
    command = " ".join([*EXPLAIN, args, "<&-"])
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True, text=True, timeout=120, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == code
    assert done.stderr.count("\n") == (1 if code else 0)


def test_a_patient_pipe_gives_all_that_came_and_says_how_long_it_waited() -> None:
    end, begin = os.pipe()
    text = bytes(range(256)) * 100
    os.write(begin, text)
    pipe = PatientPipe(end, first_s=60.0, next_s=0.2)
    assert io.BufferedReader(pipe).read() == text
    assert pipe.silent_s == 0.2
    os.close(begin)


def test_a_patient_pipe_that_ends_was_not_silent() -> None:
    with in_pipe(b"x" * 3000) as end:
        pipe = PatientPipe(end.fileno(), first_s=60.0, next_s=60.0)
        assert io.BufferedReader(pipe, 16).read() == b"x" * 3000
    assert pipe.silent_s is None
