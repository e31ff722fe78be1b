"""An armed script behaves as an unarmed one: exits, hooks, children, threads."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import EventKind

RunScript = Callable[..., Any]
ARM = "import kerascrash.arm\n"
DIE = "import os; os.kill(os.getpid(), 9)\n"


def eventually_gone(paths: list[Path]) -> bool:
    """Wait for the watcher to have removed the files."""
    give_up = time.monotonic() + 10
    while any(path.exists() for path in paths) and time.monotonic() < give_up:
        time.sleep(0.01)
    return not any(path.exists() for path in paths)


@pytest.mark.parametrize("watcher", ["1", "0"])
@pytest.mark.parametrize("last_line", ["", "import sys; sys.exit(0)", "exit()"])
def test_a_clean_exit_leaves_and_prints_nothing(
    run_script: RunScript, last_line: str, watcher: str
) -> None:
    run = run_script(f"{ARM}print('done')\n{last_line}\n", KERASCRASH_WATCHER=watcher)
    assert (run.code, run.out, run.err) == (0, "done\n", "")
    assert eventually_gone(run.dumps)
    assert eventually_gone([run.folder / "kerascrash-dumps"])


def test_keep_always_keeps_the_dump_of_a_clean_exit(run_script: RunScript) -> None:
    run = run_script(ARM, KERASCRASH_KEEP="always", KERASCRASH_WATCHER="0")
    assert run.dump.header.state == "finished"
    assert run.events(EventKind.EXIT)[0]["status"] == 0


def test_a_second_import_and_a_reload_do_nothing(run_script: RunScript) -> None:
    body = f"{ARM}import importlib, kerascrash.arm as a\nimportlib.reload(a)\n{DIE}"
    run = run_script(body)
    assert run.code == -9
    assert len(run.dumps) == 1


def test_the_status_of_sys_exit_is_kept_and_noted(run_script: RunScript) -> None:
    run = run_script(f"{ARM}import sys\ndef leave():\n    sys.exit(3)\nleave()\n")
    assert (run.code, run.err) == (3, "")
    (end,) = run.events(EventKind.EXIT)
    assert (end["status"], end["how"]) == (3, "SystemExit")
    assert (end["where"]["line"], end["where"]["function"]) == (4, "leave")


def test_an_exit_that_is_caught_is_no_exit(run_script: RunScript) -> None:
    body = f"{ARM}import sys\ntry:\n    sys.exit(3)\nexcept SystemExit:\n    pass\n"
    run = run_script(body + "sys.exit('last words')\n")
    assert (run.code, run.err) == (1, "last words\n")
    (end,) = run.events(EventKind.EXIT)
    assert (end["status"], end["where"]["line"]) == (1, 7)


def test_os_exit_is_noted_with_its_place(run_script: RunScript) -> None:
    body = "import os\ndef on_epoch_end():\n    os._exit(0)\non_epoch_end()\n"
    run = run_script(ARM + body)
    assert run.code == 0
    (end,) = run.events(EventKind.EXIT)
    assert (end["how"], end["status"], end["clean"]) == ("os._exit", 0, False)
    assert (end["where"]["line"], end["where"]["function"]) == (4, "on_epoch_end")


def test_wrapped_exits_still_look_like_themselves(run_script: RunScript) -> None:
    body = (
        f"{ARM}import os, sys, pickle\n"
        "assert pickle.loads(pickle.dumps(os._exit)) is os._exit\n"
        "assert pickle.loads(pickle.dumps(sys.exit)) is sys.exit\n"
        "print(os._exit.__name__, os._exit.__module__, sys.exit.__name__)\n"
    )
    assert run_script(body).out == "_exit os exit\n"


def test_an_uncaught_exception_is_recorded_and_printed(run_script: RunScript) -> None:
    body = "def work(n):\n    raise ValueError('boom') from KeyError(n)\nwork(1)\n"
    run = run_script(ARM + body)
    plain = run_script(body, name="plain.py")
    assert run.code == plain.code == 1
    assert run.err.splitlines()[-1] == plain.err.splitlines()[-1] == "ValueError: boom"
    assert run.err.count("Traceback") == plain.err.count("Traceback")
    (error,) = run.events(EventKind.EXCEPTION)
    assert (error["type"], error["message"]) == ("ValueError", "boom")
    assert error["cause"] == "KeyError: 1"
    assert error["traceback"][-1][1:] == [
        3,
        "work",
        "raise ValueError('boom') from KeyError(n)",
    ]
    assert run.events(EventKind.EXIT)[0]["status"] == 1


def test_source_lines_stay_home_when_asked(run_script: RunScript) -> None:
    run = run_script(f"{ARM}raise ValueError('boom')\n", KERASCRASH_SOURCE="0")
    assert run.events(EventKind.EXCEPTION)[0]["traceback"][-1][3] is None


def test_hooks_of_others_are_called_as_before(run_script: RunScript) -> None:
    body = (
        "import sys, threading\n"
        "sys.excepthook = lambda *a: print('main', a[0].__name__)\n"
        "threading.excepthook = lambda a: print('thread', a.exc_type.__name__)\n"
        f"{ARM}"
        "thread = threading.Thread(target=lambda: 1 / 0, name='loader')\n"
        "thread.start(); thread.join()\n"
        "raise ValueError\n"
    )
    run = run_script(body)
    assert run.out.split() == ["thread", "ZeroDivisionError", "main", "ValueError"]
    errors = run.events(EventKind.EXCEPTION)
    assert [e["thread"] for e in errors] == ["loader", "MainThread"]


def test_a_thread_that_exits_is_no_error(run_script: RunScript) -> None:
    body = "import sys, threading\nt = threading.Thread(target=sys.exit, args=(5,))\n"
    run = run_script(
        f"{ARM}{body}t.start(); t.join()\n",
        KERASCRASH_KEEP="always",
        KERASCRASH_WATCHER="0",
    )
    assert run.code == 0
    assert run.events(EventKind.EXCEPTION) == []
    assert run.events(EventKind.EXIT)[0]["status"] == 0


def test_tracing_threads_asyncio_and_signals_are_untouched(
    run_script: RunScript,
) -> None:
    state = (
        "import asyncio, gc, signal, sys, threading, time\n"
        "time.sleep(0.6)\n"  # the recorder has done all of its first work by now
        "print(sys.gettrace(), sys.getprofile(), threading.enumerate())\n"
        "print([signal.getsignal(s) for s in sorted(signal.valid_signals())])\n"
        "print(gc.get_threshold(), sys.getswitchinterval())\n"
        "print(all(gc.isenabled() or time.sleep(0.01) for _ in range(50)))\n"
        "print(asyncio.run(asyncio.sleep(0, 'slept')), sys.getrecursionlimit())\n"
    )
    armed, plain = run_script(ARM + state), run_script(state, name="plain.py")
    mask = [line.split("started")[0] for line in armed.out.splitlines()]
    assert mask == [line.split("started")[0] for line in plain.out.splitlines()]
    assert armed.err == plain.err == ""


def test_no_child_of_ours_is_met_by_wait(run_script: RunScript) -> None:
    body = (
        "import os, time\n"
        "for _ in range(20):\n"
        "    try:\n"
        "        print('met', os.waitpid(-1, os.WNOHANG))\n"
        "    except ChildProcessError:\n"
        "        time.sleep(0.01)\n"
        "print('none')\n"
    )
    assert run_script(ARM + body).out == "none\n"


def test_standard_streams_end_with_the_script(
    tmp_path: Path, armed_environment: dict[str, str]
) -> None:
    """A descriptor kept by the watcher would hold ``$(…)`` until it ends."""
    script = tmp_path / "train.py"
    script.write_text(f"{ARM}print('done')\n{DIE}", encoding="utf-8")
    begun = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", f'x=$({sys.executable} {script} 2>&1); echo "got $x"'],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=armed_environment,
        timeout=60,
    )
    assert "got done" in done.stdout
    assert time.monotonic() - begun < 20


FORK = """
import os, sys
assert kerascrash.arm
pid = os.fork()
if pid == 0:
    sys.excepthook(ValueError, ValueError("in the child"), None)
    sys.exit(7)
assert os.waitpid(pid, 0)[1] == 7 << 8
"""


def test_a_forked_child_never_writes_to_its_parents_dump(run_script: RunScript) -> None:
    run = run_script(f"{ARM}{FORK}{DIE}")
    assert len(run.dumps) == 1
    assert run.events(EventKind.EXCEPTION) == []
    assert run.events(EventKind.EXIT) == []
    (child,) = run.events(EventKind.CHILD)
    assert child["how"] == "fork"
    assert isinstance(child["pid"], int)


def test_many_forks_are_neither_slow_nor_stuck(run_script: RunScript) -> None:
    body = (
        "import os, time\n"
        "begun = time.monotonic()\n"
        "for _ in range(200):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        import platform, json, ctypes, tracemalloc\n"
        "        os._exit(0)\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "print(time.monotonic() - begun)\n"
    )
    armed = float(run_script(ARM + body).out)
    assert armed < 60


WORKERS = """
import multiprocessing, os, sys, time

def work(path):
    import kerascrash.record.arming as arming
    recorder = arming.current_recorder()
    with open(path, "w") as out:
        print(recorder is not None and not recorder.detached, file=out)
    if path.endswith("dies"):
        os.kill(os.getpid(), 9)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1] if sys.argv[1:] else "METHOD")
    for name in ("ends", "dies"):
        process = context.Process(target=work, args=(name,))
        process.start()
        process.join()
    print(open("ends").read().strip(), open("dies").read().strip())
    time.sleep(0.2)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(
    ("method", "armed"), [("fork", False), ("spawn", True), ("forkserver", True)]
)
def test_workers_of_multiprocessing(
    run_script: RunScript, method: str, armed: bool
) -> None:
    run = run_script(ARM + WORKERS.replace("METHOD", method))
    assert run.out.split() == [str(armed)] * 2, run.err
    assert run.err == ""
    dumps = [read_dump(path) for path in run.dumps]
    workers = [dump for dump in dumps if dump.header.raw["worker"]]
    assert len(workers) == (1 if armed else 0)  # the one that ended well is gone
    for worker in workers:
        assert worker.header.raw["size"] == 256 << 10
        assert Path(worker.header.raw["parent_dump"]) in run.dumps


def test_the_next_run_says_once_that_the_last_one_died(run_script: RunScript) -> None:
    died = run_script(ARM + DIE)
    (dump,) = died.dumps
    other = run_script(ARM, name="other.py")
    assert other.err == ""
    second = run_script(ARM + "print('on')\n")
    assert second.out == "on\n"
    assert len(second.err.splitlines()) == 1
    assert f"kerascrash report kerascrash-dumps/{dump.name}" in second.err
    third = run_script(ARM)
    assert third.err == ""


def test_an_exec_is_a_new_program_in_the_same_process(run_script: RunScript) -> None:
    body = (
        "import os, sys\n"
        "if len(sys.argv) < 2:\n"
        "    os.execv(sys.executable, [sys.executable, sys.argv[0], 'again'])\n"
        "raise ValueError('in the second program')\n"
    )
    run = run_script(ARM + body)
    assert len(run.dumps) == 1
    assert run.events(EventKind.EXCEPTION)[0]["message"] == "in the second program"
    assert not run.dump.header.raw["worker"]


FORKS = """
import os, sys, time
time.sleep(0.4)
begun = time.perf_counter()
for _ in range(30):
    child = os.fork()
    if child == 0:
        os._exit(len(os.listdir("/proc/self/task")) - 1)
    assert os.waitpid(child, 0)[1] == 0
print("forked", file=sys.stderr)
"""


def test_a_fork_warns_of_no_thread_of_ours(run_script: RunScript) -> None:
    """Since 3.12 CPython does when it sees a second thread."""
    armed = run_script(ARM + FORKS, "-W", "error", KERASCRASH_KEEP="always")
    assert (armed.code, armed.err) == (0, "forked\n")
    assert len(armed.events(EventKind.CHILD)) == 30
    assert armed.events(EventKind.HOOK_FAILED) == []


def test_samples_go_on_between_and_after_forks(run_script: RunScript) -> None:
    body = "for _ in range(2): fork_many(); time.sleep(1.2)\n"
    forks = "def fork_many():" + FORKS.replace("\n", "\n    ")
    run = run_script(f"{ARM}import time\n{forks}\n{body}{DIE}")
    times = [sample.time_ns for sample in run.dump.fine]
    assert len(times) >= 8
    gaps = [later - before for before, later in pairwise(times)]
    assert max(gaps) < 3e9


INTERRUPTED_FORK = """
import os, signal, threading, time
from kerascrash.record.arming import current_recorder
class Bell(Exception): pass
def ring(number, frame): raise Bell
def hold():
    with current_recorder().sampler.lock:
        held.set()
        time.sleep(0.6)
held = threading.Event()
signal.signal(signal.SIGALRM, ring)
threading.Thread(target=hold).start()
held.wait()
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    if os.fork() == 0:
        os._exit(0)
    for _ in range(500):  # not `while …: pass`, whose jump CPython leaves uncovered
        time.sleep(0.01)
    print("lost")
except Bell:
    print("heard")
"""


def test_a_signal_while_a_fork_waits_for_us_is_not_lost(run_script: RunScript) -> None:
    run = run_script(ARM + INTERRUPTED_FORK, "-W", "ignore")
    assert (run.out, run.err) == ("heard\n", "")


@pytest.mark.parametrize("module", ["json", "types", "platform", "threading", "mmap"])
def test_a_script_named_like_a_module_of_pythons_runs_once(
    run_script: RunScript, module: str
) -> None:
    body = f"{ARM}import time\ntime.sleep(0.9)\nprint('trained')\n"
    run = run_script(body, name=f"{module}.py")
    assert (run.code, run.out) == (0, "trained\n")
    assert "not armed" in run.err
    assert f"{module}.py hides a module of Python's own" in run.err
    assert len(run.err.splitlines()) == 1
    assert run_script(body, name=f"my_{module}.py").err == run.err


def test_modules_that_others_imported_before_hide_nothing(
    run_script: RunScript,
) -> None:
    """What is not ours to import, or has been imported from the library, is no harm."""
    run = run_script("print('statistics')", name="statistics.py")
    run = run_script(f"import collections\n{ARM}print('on')", name="train.py")
    assert (run.out, run.err) == ("on\n", "")


WHAT_IS_IMPORTED = """
import sys, time
before = set(sys.modules)
import kerascrash.arm
from kerascrash.record.entry import NEEDED
time.sleep(2.5)  # all first looks are over
sys.excepthook(ValueError, ValueError("said"), None)
library = set(sys.stdlib_module_names) - set(sys.builtin_module_names)
new = {name.partition(".")[0] for name in set(sys.modules) - before} & library
print(sorted(name for name in new - NEEDED if not name.startswith("_")))
"""


def test_what_the_recorder_imports_is_known(run_script: RunScript) -> None:
    run = run_script(WHAT_IS_IMPORTED)
    assert run.out in ("[]\n", "['encodings']\n")


def test_threading_taken_out_by_the_user_hangs_no_exit(run_script: RunScript) -> None:
    body = (
        "import sys, time\n"
        "for name in list(sys.modules):\n"
        "    if name.startswith(('kerascrash', 'threading', 'json')):\n"
        "        del sys.modules[name]\n"
        "time.sleep(1)\n"
        "import threading\n"
        "print(threading.main_thread() is threading.current_thread())\n"
    )
    run = run_script(ARM + body)
    assert (run.code, run.out, run.err) == (0, "True\n", "")


RINGING = """
import signal, time
class Bell(Exception): pass
def ring(*_): raise Bell
signal.signal(signal.SIGALRM, ring)
data = [[i] for i in range(100_000)]
import sys
before = sys.excepthook
def excepthook(*what):
    signal.setitimer(signal.ITIMER_REAL, 0.0003)
    before(*what)
sys.excepthook = excepthook
time.sleep(0.6)
raise ValueError("the user's own")
"""


def test_a_signal_while_an_exception_is_recorded_does_not_hide_it(
    run_script: RunScript,
) -> None:
    run = run_script(ARM + RINGING)
    assert run.code == 1
    assert "ValueError: the user's own" in run.err
    assert "Error in sys.excepthook" not in run.err
