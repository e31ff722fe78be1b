"""The companion is not met, holds nothing, and outlives no use."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump

pytestmark = pytest.mark.crash


def test_a_clean_exit_leaves_nothing(watched: Any) -> None:
    done = watched.run("finish()")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\n", "")
    watched.wait_for_silence()
    assert list(watched.folder.iterdir()) == []


def test_keep_always_keeps_a_clean_exit(watched: Any) -> None:
    watched.run("finish()", env={**os.environ, "KERASCRASH_KEEP": "always"})
    certificate = watched.certificate()
    assert certificate["exit"]["code"] == 0
    assert certificate["recorder_state"] == "finished"
    watched.wait_for_silence()


def test_the_users_wait_never_meets_it(watched: Any) -> None:
    done = watched.run(
        "pid = os.fork()\n"
        "if pid == 0: time.sleep(0.2); os._exit(5)\n"
        "print(os.wait() == (pid, 5 << 8))\n"
        "try: os.wait()\n"
        "except ChildProcessError: print('alone')\n"
        "finish()"
    )
    assert done.stdout.split() == ["ready", "True", "alone"]


def test_it_holds_no_descriptor_of_the_users(watched: Any) -> None:
    """A stopped companion would keep a pipe's reader waiting if it held the pipe."""
    process = watched.start("sys.stdin.read(); finish()", stdin=subprocess.PIPE)
    companion = watched.companion()
    os.kill(companion, signal.SIGSTOP)
    out, _ = process.communicate("", timeout=20)
    assert out == ""
    assert process.returncode == 0
    os.kill(companion, signal.SIGCONT)
    watched.wait_for_silence()


@pytest.mark.parametrize(
    "line",
    ["{} | cat", "echo $({})", "nohup {} > out; cat out", "setsid -w {} 2>&1 | cat"],
)
def test_shells_do_not_wait_for_it(watched: Any, line: str) -> None:
    import shlex

    command = shlex.join(watched.command("sys.stderr.close(); os.kill(os.getpid(), 9)"))
    shell = subprocess.run(
        ["bash", "-c", line.format(command)],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=watched.folder,
    )
    assert "ready" in shell.stdout
    assert watched.certificate()["exit"]["signal"] == signal.SIGKILL
    watched.wait_for_silence()


def test_its_death_does_not_touch_the_training(watched: Any) -> None:
    process = watched.start("sys.stdin.read(); finish()", stdin=subprocess.PIPE)
    os.kill(watched.companion(), signal.SIGKILL)
    process.communicate("", timeout=20)
    assert process.returncode == 0
    dump = read_dump(str(watched.dump))
    assert (dump.certificate, dump.header.state) == (None, "finished")


def test_it_leaves_when_told_to(watched: Any) -> None:
    process = watched.start("sys.stdin.read()", stdin=subprocess.PIPE)
    os.kill(watched.companion(), signal.SIGTERM)
    started = time.monotonic()
    while watched.companions():
        assert time.monotonic() - started < 10
        time.sleep(0.05)
    assert process.poll() is None
    assert not Path(f"{watched.dump}.sync").exists()
    process.communicate("", timeout=20)


def test_a_job_ended_by_sigterm_is_still_sealed(watched: Any) -> None:
    """Schedulers signal every process of a job, the companion too."""
    process = watched.start("sys.stdin.read()", stdin=subprocess.PIPE)
    os.kill(watched.companion(), signal.SIGTERM)
    process.terminate()
    process.communicate(timeout=20)
    assert watched.certificate()["exit"]["signal"] == signal.SIGTERM
    watched.wait_for_silence()


def test_it_leaves_when_the_dump_is_deleted(watched: Any) -> None:
    process = watched.start("sys.stdin.read()", stdin=subprocess.PIPE)
    assert watched.companion()
    watched.dump.unlink()
    started = time.monotonic()
    while watched.companions():
        assert time.monotonic() - started < 10
        time.sleep(0.05)
    process.communicate("", timeout=20)
    assert list(watched.folder.iterdir()) == []


def test_a_target_that_died_before_is_sealed_as_unknown(watched: Any) -> None:
    watched.run("# WATCHER=0\nos.kill(os.getpid(), 9)")
    watch_again(watched)
    end = watched.certificate()["exit"]
    assert end["status"] is None
    assert end["known_by"] == "unknown"
    watched.wait_for_silence()


def test_a_reused_pid_is_not_the_target(watched: Any) -> None:
    """The dump names our own pid, but a start time that is not ours."""
    from kerascrash.dump.writer import create_dump

    writer = create_dump(watched.dump, identity={"pid": os.getpid(), "start_ticks": 1})
    writer.close()
    watch_again(watched)
    assert watched.certificate()["exit"]["known_by"] == "unknown"
    watched.wait_for_silence()


def watch_again(watched: Any) -> None:
    """Start a companion on an existing dump, as the recorder would have."""
    import kerascrash.watch

    script = Path(kerascrash.watch.__path__[0]) / "start.py"
    subprocess.run([sys.executable, "-I", "-S", script, watched.dump], check=True)


def test_as_pid_1_there_is_no_certificate_and_no_child(watched: Any) -> None:
    """An orphan would become PID 1's child, and die with it."""
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid():
        pytest.skip("needs unshare and root")
    body = (
        "# WATCHER=0\n"
        "import subprocess\n"
        "import kerascrash.watch.start as start\n"
        "command = [sys.executable, '-I', '-S', start.__file__, dump]\n"
        "print(os.getpid(), subprocess.Popen(command).wait())\n"
        "try: print(os.waitpid(-1, 0))\n"
        "except ChildProcessError: print('alone')\n"
        "os.kill(os.getpid(), 11); os._exit(9)"
    )
    inside = [unshare, "--pid", "--fork", "--mount-proc", *watched.command(body)]
    done = subprocess.run(inside, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["ready", "1", "0", "alone"]
    watched.wait_for_silence()
    dump = read_dump(str(watched.dump))
    assert dump.certificate is None
