"""`kerascrash run`: the parent that knows, shows, forwards and reaps."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import Dump, read_dump

pytestmark = pytest.mark.crash
ROOT = Path(__file__).resolve().parents[3]


class Job:
    """A folder with a script, run by `kerascrash run`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "job.py"
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("KERASCRASH")},
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }

    def command(self, body: str, *arguments: str) -> list[str]:
        self.script.write_text("import os, sys, time, signal\n" + body + "\n")
        return [sys.executable, "-m", "kerascrash", "run", str(self.script), *arguments]

    def run(self, body: str, *arguments: str, **options: Any) -> Any:
        options = {"capture_output": True, "text": True, "timeout": 60} | options
        return subprocess.run(
            self.command(body, *arguments),
            cwd=self.folder,
            env=self.environ,
            check=False,
            **options,
        )

    def start(self, body: str, **options: Any) -> subprocess.Popen[str]:
        """Start the job and wait for its first line, `ready`."""
        process = subprocess.Popen(
            self.command("print('ready', flush=True)\n" + body),
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def dumps(self) -> list[Path]:
        return sorted((self.folder / "kerascrash-dumps").glob("*.bin*"))

    def dump(self) -> Dump:
        (path,) = self.dumps()
        return read_dump(str(path))

    def certificate(self) -> dict[str, Any]:
        """Return the certificate: it is there when the supervisor is gone."""
        certificate = self.dump().certificate
        assert certificate is not None
        return certificate


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.mark.parametrize(
    ("body", "code", "number"),
    [
        ("sys.exit(7)", 7, None),
        ("os.kill(os.getpid(), 9)", 137, 9),
        ("import ctypes; ctypes.string_at(0)", 139, 11),
        ("os.abort()", 134, 6),
        ("raise ValueError('boom')", 1, None),
    ],
)
def test_it_leaves_with_the_scripts_status(
    job: Job, body: str, code: int, number: int | None
) -> None:
    done = job.run(body)
    assert done.returncode == code
    end = job.certificate()["exit"]
    assert (end["known_by"], end["signal"]) == ("parent", number)
    assert "kerascrash" in done.stderr


def test_a_clean_run_leaves_nothing(job: Job) -> None:
    done = job.run("print(sys.argv[1:], __name__)", "--epochs", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "['--epochs', '3'] __main__\n"
    assert job.dumps() == []


def test_a_module_runs_like_python_dash_m(job: Job) -> None:
    (job.folder / "mymodule.py").write_text("import sys; print(__name__, sys.argv[1])")
    command = [sys.executable, "-m", "kerascrash", "run", "-m", "mymodule", "--flag"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=job.folder,
        env=job.environ,
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("__main__ --flag\n", "", 0)


def test_a_missing_script_is_a_usage_error(job: Job) -> None:
    command = [sys.executable, "-m", "kerascrash", "run", "python", "train.py"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=job.folder, env=job.environ
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "kerascrash run train.py" in done.stderr


def test_last_words_through_a_pipe_are_shown_and_kept(job: Job) -> None:
    done = job.run("os.write(2, b'F0000 check failed\\n'); os.abort()")
    assert "F0000 check failed\n" in done.stderr
    assert b"F0000 check failed\n" in job.dump().stderr
    assert job.certificate()["stderr"]["how"] == "captured"


def test_much_text_passes_whole_and_in_order(job: Job) -> None:
    body = "for i in range(60000): os.write(2, b'%07d %s\\n' % (i, b'x' * 50))"
    done = job.run(body)
    numbers = [int(line[:7]) for line in done.stderr.splitlines()]
    assert numbers == list(range(60000))


def test_a_reader_that_goes_away_does_not_end_the_training(job: Job) -> None:
    process = job.start(
        "time.sleep(0.3)\n"
        "for _ in range(100): os.write(2, b'y' * 4096)\n"
        "print('through', flush=True)"
    )
    assert process.stderr is not None
    process.stderr.close()
    assert process.stdout is not None
    assert process.stdout.read() == "through\n"
    assert process.wait(20) == 0


def test_a_terminal_stays_a_terminal(job: Job) -> None:
    body = (
        "print(os.isatty(2), tuple(os.get_terminal_size(2)), flush=True)\n"
        "os.write(2, b'last words'); os.kill(os.getpid(), 9)"
    )
    code, text = run_on_terminal(job, body)
    assert code == 137
    assert "True (123, 45)\r\n" in text
    assert "last words\r\nkerascrash" in text
    assert job.dump().stderr == b"last words"


def test_ctrl_c_reaches_the_script_once(job: Job) -> None:
    body = (
        "seen = []\n"
        "signal.signal(signal.SIGINT, lambda *a: seen.append(1))\n"
        "print('ready', flush=True)\n"
        "end = time.monotonic() + 1\n"
        "while time.monotonic() < end: time.sleep(0.05)\n"
        "print('seen', len(seen), flush=True)"
    )
    _, text = run_on_terminal(job, body, {"ready": b"\x03"})
    assert "seen 1\r\n" in text


def test_ctrl_z_stops_and_fg_goes_on(job: Job) -> None:
    """The shell must see its job stop, or the prompt never comes back."""
    body = "print('ready', flush=True); sys.stdin.readline(); print('on', flush=True)"
    code, text = run_on_terminal(
        job, body, {"ready": b"\x1a", "STOPPED": b"\n"}, watch_stop=True
    )
    assert "STOPPED" in text
    assert "on\r\n" in text
    assert code == 0


def run_on_terminal(
    job: Job,
    body: str,
    answers: dict[str, bytes] | None = None,
    watch_stop: bool = False,
    linger: bool = False,
) -> tuple[int, str]:
    """Run a job as a shell's foreground job on a terminal of 45 lines, 123 columns."""
    answers = dict(answers or {})
    command = job.command(body)
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 123, 0, 0))
        os.chdir(job.folder)
        be_a_shell(command, job.environ, watch_stop, linger)
    text = b""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            text += os.read(master, 65536)
        except OSError:
            break
        for mark in [m for m in answers if m.encode() in text]:
            os.write(master, answers.pop(mark))
    os.close(master)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), text.decode(errors="replace")


def be_a_shell(
    command: list[str], environ: dict[str, str], watch_stop: bool, linger: bool
) -> None:
    """Run a foreground job, tell when it stops, continue it once; never returns."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgid(0))
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execve(command[0], command, environ)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED if watch_stop else 0)
        if not os.WIFSTOPPED(status):
            if linger:
                os.tcsetpgrp(0, os.getpgrp())
                os.read(0, 1)
            os._exit(os.waitstatus_to_exitcode(status))
        os.write(1, b"STOPPED\n")
        os.kill(-job, signal.SIGCONT)


def test_signals_are_passed_on(job: Job) -> None:
    process = job.start(
        "signal.signal(signal.SIGUSR1, lambda *a: (print('usr1'), sys.exit(4)))\n"
        "print('set', flush=True)\n"
        "while True: time.sleep(0.05)"  # a signal just before a long sleep waits for it
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "set\n"
    process.send_signal(signal.SIGUSR1)
    out, _ = process.communicate(timeout=20)
    assert (out, process.returncode) == ("usr1\n", 4)


def test_sigterm_ends_the_script_and_is_the_cause(job: Job) -> None:
    process = job.start("time.sleep(30)")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 143
    assert job.certificate()["exit"]["signal"] == signal.SIGTERM


def test_nohup_stays_in_force(job: Job) -> None:
    command = ["nohup", *job.command("os.kill(os.getppid(), 1); time.sleep(0.3)")]
    done = subprocess.run(
        command, cwd=job.folder, env=job.environ, capture_output=True, timeout=30
    )
    assert done.returncode == 0


def test_orphans_are_reaped(job: Job) -> None:
    body = (
        "if os.fork() == 0:\n"
        "    if os.fork() == 0: time.sleep(0.2); os._exit(3)\n"
        "    os._exit(0)\n"
        "os.wait(); time.sleep(0.6)\n"
        "states = []\n"
        "for name in filter(str.isdigit, os.listdir('/proc')):\n"
        "    try: stat = open(f'/proc/{name}/stat').read()\n"
        "    except OSError: continue\n"
        "    fields = stat.rpartition(')')[2].split()\n"
        "    if int(fields[1]) == os.getppid(): states.append(fields[0])\n"
        "print('Z' in states, len(states))"
    )
    done = job.run(body)
    assert done.stdout == "False 1\n"


def test_it_works_as_pid_1(job: Job) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid():
        pytest.skip("needs unshare and root")
    inside = [unshare, "--pid", "--fork", "--mount-proc"]
    command = job.command("print(os.getppid(), flush=True); os.kill(os.getpid(), 9)")
    done = subprocess.run(
        [*inside, *command],
        cwd=job.folder,
        env=job.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "1\n"
    assert done.returncode == 137
    assert job.certificate()["exit"]["signal"] == 9


def test_a_script_that_dies_at_once_is_sealed(job: Job) -> None:
    job.run("os.kill(os.getpid(), 9)")
    assert job.certificate()["exit"]["signal"] == 9


def test_the_supervisors_death_does_not_end_the_training(job: Job) -> None:
    process = job.start(
        "out = open('out', 'w')\n"
        "os.kill(os.getppid(), 9); time.sleep(0.3)\n"
        "for _ in range(1000): os.write(2, b'z' * 1000)\n"
        "out.write('alive'); out.close()"
    )
    process.communicate(timeout=20)
    assert process.returncode == -9
    give_up = time.monotonic() + 10
    while not (job.folder / "out").read_text() and time.monotonic() < give_up:
        time.sleep(0.02)
    assert (job.folder / "out").read_text() == "alive"


def test_on_a_terminal_too(job: Job) -> None:
    """Its pseudo-terminal dies with the supervisor; the real one comes back."""
    body = (
        "time.sleep(0.2); os.kill(os.getppid(), 9); time.sleep(0.5)\n"
        "os.write(2, b'still here'); open('out', 'w').write(os.ttyname(2))"
    )
    _, text = run_on_terminal(job, body, {"still here": b"\n"}, linger=True)
    assert "still here" in text
    assert (job.folder / "out").read_text().startswith("/dev/pts/")
