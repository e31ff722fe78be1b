"""KERASCRASH_STDERR=1: the last native words, without a way to harm the training."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump

pytestmark = pytest.mark.crash
ROOT = Path(__file__).resolve().parents[3]
PREPARE = """
import kerascrash.arm, os, sys, time, subprocess
def companion():
    dump = next(n for n in os.listdir("kerascrash-dumps") if n.endswith(".bin"))
    for name in filter(str.isdigit, os.listdir("/proc")):
        try: command = open(f"/proc/{name}/cmdline").read()
        except OSError: continue
        if dump in command and "start.py" in command: return int(name)
def watched():
    return any(n.endswith(".sync") for n in os.listdir("kerascrash-dumps"))
while not watched(): time.sleep(0.01)
time.sleep(0.3)
"""


def run(folder: Path, body: str, **options: Any) -> subprocess.CompletedProcess[str]:
    (folder / "job.py").write_text(PREPARE + body + "\n")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "KERASCRASH_STDERR": "1"}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(
        [sys.executable, "job.py"],
        cwd=folder,
        env=environ,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def sealed_dump(folder: Path) -> Any:
    """Wait until the only dump has its certificate, and return it."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        (path,) = (folder / "kerascrash-dumps").glob("*.bin")
        dump = read_dump(str(path))
        if dump.certificate is not None:
            return dump
        time.sleep(0.02)
    raise AssertionError("not sealed")


def test_last_words_are_shown_and_kept(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "for i in range(5000): os.write(2, b'%06d\\n' % i)\n"
        "os.write(2, b'F0000 check failed\\n'); os.abort()",
    )
    assert done.returncode == -6
    lines = done.stderr.splitlines()
    assert lines[-1] == "F0000 check failed"
    # What was being passed on at the death may stand there twice.
    assert {f"{i:06d}" for i in range(5000)} <= set(lines)
    assert len(done.stderr) <= 5000 * 7 + 2 * 4096
    dump = sealed_dump(tmp_path)
    assert dump.stderr.endswith(b"F0000 check failed\n")
    assert dump.certificate["stderr"]["how"] == "captured"
    assert not list((tmp_path / "kerascrash-dumps").glob("*.stderr"))


def test_a_clean_run_shows_all_and_leaves_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "os.write(2, b'a\\n'); print('b', file=sys.stderr)")
    assert (done.returncode, done.stderr) == (0, "a\nb\n")
    give_up = time.monotonic() + 10
    folder = tmp_path / "kerascrash-dumps"
    while list(folder.glob("*.bin*")) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not list(folder.glob("*.bin*"))


def test_without_its_companion_the_training_writes_on(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "os.kill(companion(), 9); time.sleep(0.1)\n"
        "for _ in range(300): os.write(2, b'x' * 9999 + b'\\n')\n"
        "sys.exit(subprocess.run(['sh', '-c', 'echo child >&2']).returncode)",
    )
    assert done.returncode == 0
    assert done.stderr == ("x" * 9999 + "\n") * 300 + "child\n"


def test_a_reader_that_does_not_read_blocks_nobody(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(
        PREPARE + "for _ in range(300): os.write(2, b'x' * 9999)\n"
        "print('through', flush=True); os.kill(os.getpid(), 9)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "KERASCRASH_STDERR": "1"}
    reader, writer = os.pipe()
    done = subprocess.run(
        [sys.executable, "job.py"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=writer,
        timeout=30,
    )
    assert done.stdout == b"through\n"
    os.close(reader)
    os.close(writer)


def test_exec_gets_its_descriptor_back(tmp_path: Path) -> None:
    body = "os.execv('/bin/sh', ['sh', '-c', 'ls -l /proc/$$/fd/2 >&2'])"
    done = run(tmp_path, body)
    assert "pipe:" in done.stderr


@pytest.mark.parametrize("kind", ["file", "closed"])
def test_a_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    body = "print(os.readlink('/proc/self/fd/2') if os.path.exists('/proc/self/fd/2')"
    body += " else 'closed')"
    if kind == "file":
        with (tmp_path / "log").open("w") as log:
            assert run(tmp_path, body, stderr=log).stdout == f"{tmp_path}/log\n"
    else:
        done = run(tmp_path, body, stderr=None, preexec_fn=lambda: os.close(2))
        assert done.returncode == 0
