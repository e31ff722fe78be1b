"""Folders that cannot be used, settings that make no sense: the training goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import EventKind

RunScript = Callable[..., Any]
ARM = "import kerascrash.arm\n"
DIE = "import os; os.kill(os.getpid(), 9)\n"
Mount = Callable[..., Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount a file system for the test; skips where that is not permitted."""
    points: list[Path] = []

    def make(name: str, kind: str, options: str) -> Path:
        point = tmp_path / name
        point.mkdir()
        done = subprocess.run(
            ["mount", "-t", kind, "-o", options, kind, str(point)],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            pytest.skip(f"cannot mount {kind} here: {done.stderr.strip()}")
        points.append(point)
        return point

    try:
        yield make
    finally:
        for point in points:
            subprocess.run(["umount", "-l", str(point)], check=True)


def run_in(
    folder: Path, script: str, environment: dict[str, str], **env: str
) -> subprocess.CompletedProcess[str]:
    """Run code with ``folder`` as current folder and as state folder."""
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment, "XDG_STATE_HOME": str(folder / "state"), **env},
        timeout=60,
    )


@pytest.mark.parametrize("options", ["size=64k", "size=16m,ro"])
def test_no_room_and_no_permission_mean_one_line_and_no_more(
    mount: Mount, armed_environment: dict[str, str], options: str
) -> None:
    folder = mount("disk", "tmpfs", options)
    done = run_in(folder, f"{ARM}print('trained')", armed_environment)
    assert (done.returncode, done.stdout) == (0, "trained\n")
    (line,) = done.stderr.splitlines()
    assert line.startswith("kerascrash: not armed, the training goes on without: ")
    why = "No space left on device" if "ro" not in options else "Read-only file system"
    assert why in line
    assert list(folder.rglob("*.bin")) == []


def test_a_disk_that_fills_later_is_no_danger(
    mount: Mount, armed_environment: dict[str, str]
) -> None:
    """Every block was allocated at the start: a full disk is no SIGBUS."""
    folder = mount("disk", "tmpfs", "size=12m")
    body = (
        f"{ARM}import time\n"
        "try:\n"
        "    with open('filler', 'wb') as out:\n"
        "        while True: out.write(bytes(1 << 16))\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
        "from kerascrash.record.arming import current_recorder\n"
        "recorder = current_recorder()\n"
        "for i in range(20000): recorder.begin_step(i, i)\n"
        "print('trained')\n"
    )
    done = run_in(folder, body, armed_environment, KERASCRASH_WATCHER="0")
    assert done.stdout.split("\n")[:2] == ["No space left on device", "trained"]
    assert done.returncode == 0


def test_a_folder_in_memory_is_pointed_out(
    mount: Mount, armed_environment: dict[str, str]
) -> None:
    folder = mount("disk", "tmpfs", "size=32m")
    done = run_in(folder, ARM, armed_environment)
    (line,) = done.stderr.splitlines()
    assert "lies in memory (tmpfs)" in line
    assert "KERASCRASH_DIR" in line


def test_a_chosen_folder_that_cannot_be_used_is_replaced(run_script: RunScript) -> None:
    run = run_script(f"{ARM}print('on')\n{DIE}", KERASCRASH_DIR="train.py/dumps")
    assert run.out == "on\n"
    (line,) = run.err.splitlines()
    assert line.startswith("kerascrash: KERASCRASH_DIR=train.py/dumps: ")
    assert "using" in line
    assert len(run.dumps) == 1


def test_a_setting_that_makes_no_sense_is_one_line(run_script: RunScript) -> None:
    run = run_script(f"{ARM}print('on')\n{DIE}", KERASCRASH_SIZE="abc")
    assert run.out == "on\n"
    (line,) = run.err.splitlines()
    assert line.startswith("kerascrash: KERASCRASH_SIZE=abc: not a size")
    (setting,) = run.events(EventKind.SETTING)
    assert (setting["name"], setting["value"]) == ("KERASCRASH_SIZE", "abc")


def test_a_closed_stderr_is_no_obstacle(run_script: RunScript) -> None:
    body = f"import os, sys\nos.close(2)\nsys.stderr = None\n{ARM}print('on')\n"
    run = run_script(body, KERASCRASH_SIZE="abc")
    assert (run.code, run.out) == (0, "on\n")


def test_a_dump_of_an_overlay_folder_comes_home_after_the_death(
    tmp_path: Path, mount: Mount, armed_environment: dict[str, str]
) -> None:
    for name in ("lower", "upper", "work", "local"):
        (tmp_path / name).mkdir()
    layers = [f"{n}dir={tmp_path / n}" for n in ("lower", "upper", "work")]
    folder = mount("merged", "overlay", ",".join(layers))
    where = "recorder.writer.path, recorder.final_path"
    body = (
        f"{ARM}import os, time\n"
        "from kerascrash.record.arming import current_recorder\n"
        "recorder = current_recorder()\n"
        f"print({where}, os.path.islink(recorder.final_path), flush=True)\n"
        f"time.sleep(1); {DIE}"
    )
    local = str(tmp_path / "local")
    done = run_in(folder, body, armed_environment, TMPDIR=local)
    assert done.returncode == -9, done.stderr
    ring, final, linked = done.stdout.split()
    if ring == final:
        pytest.skip("there is no ordinary disk below this test's folder")
    assert ring.startswith(local)
    assert linked == "True"
    give_up = time.monotonic() + 20
    while os.path.exists(ring) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not os.path.exists(ring)
    assert not os.path.islink(final)
    assert read_dump(Path(final)).certificate is not None
