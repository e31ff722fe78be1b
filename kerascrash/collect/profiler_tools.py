"""
A second opinion on a trace: the profiler's own tools, where they are installed.

They run on a copy in a process of their own, under a limit of time: see
profiler_child.py. Whatever they do, the reader's own result stands; this adds to it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.util import find_spec

from kerascrash.collect import profiler_child
from kerascrash.collect.profiler_answers import read_answer
from kerascrash.collect.xplane.source import Source
from kerascrash.model.allocator_map import AllocatorMap
from kerascrash.model.evidence import Unavailable
from kerascrash.model.profiler_tools import ProfilerTools
from kerascrash.model.trace import Trace

MOST_TRACES = 2
LONGEST_S = 20.0
_LARGEST = 64 << 20  # they need up to ten times as much memory
_BLOCK = 1 << 20
_MOST_ANSWER = 64 << 20
_PACKAGES = ("xprof", "tensorboard_plugin_profile")
_WHAT = "the profiler's own tools"
_INSTALL = "tensorboard-plugin-profile is not installed (extra `profiler`)"


def ask_profiler(
    found: Sequence[Trace | AllocatorMap], seconds: float = LONGEST_S
) -> tuple[list[Trace | AllocatorMap], list[Unavailable]]:
    """
    Return the evidence with what the tools say of the fullest traces, and what failed.

    ``seconds`` are for all of them together. Never raises.
    """
    asked = _worth_asking(found)
    if not asked:
        return list(found), []
    if not any(_is_there(name) for name in _PACKAGES):
        return list(found), [Unavailable(_WHAT, _INSTALL)]
    missing, answers = [], {}
    for trace in asked:
        tools, reason = _ask(trace, seconds / len(asked))
        if tools is not None:
            answers[trace.path] = tools
        if reason:
            missing.append(Unavailable(f"{_WHAT} on {trace.path}", reason))
    return [_with_tools(one, answers) for one in found], missing


def _with_tools(
    one: Trace | AllocatorMap, answers: dict[str, ProfilerTools]
) -> Trace | AllocatorMap:
    if isinstance(one, Trace) and one.path in answers:
        return replace(one, tools=answers[one.path])
    return one


def _worth_asking(found: Iterable[Trace | AllocatorMap]) -> list[Trace]:
    """Return whole traces that are still on disk, those with the highest peaks."""
    traces = [
        one
        for one in found
        if isinstance(one, Trace)
        and one.format == "xplane"
        and one.status == "ok"
        and os.path.isfile(one.path)
    ]
    traces.sort(key=lambda t: -max((a.peak_bytes for a in t.allocators), default=0))
    return traces[:MOST_TRACES]


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _ask(trace: Trace, seconds: float) -> tuple[ProfilerTools | None, str]:
    """Return what the tools say, and why not."""
    try:
        with tempfile.TemporaryDirectory(prefix="kerascrash-") as folder:
            copy, answer = (os.path.join(folder, name) for name in _NAMES)
            if not _copy(trace.path, copy):
                return None, f"larger than {_LARGEST >> 20} MiB"
            failed = _run([copy, answer], folder, seconds)
            if failed:
                return None, failed
            with open(answer, encoding="ascii") as file:
                return read_answer(json.loads(file.read(_MOST_ANSWER)), trace)
    except (OSError, ValueError, RecursionError) as error:
        return None, f"their answer cannot be read: {error}"


_NAMES = ("trace.xplane.pb", "answer.json")


def _copy(path: str, target: str) -> bool:
    """Write the trace, unpacked, under a name that no tool stumbles over."""
    with Source(path) as source:
        if source.size > _LARGEST:
            return False
        with open(target, "wb") as file:
            at = 0
            while block := source.cut(at, min(at + _BLOCK, source.size)):
                at += file.write(block)
    return True


def _run(arguments: list[str], folder: str, seconds: float) -> str:
    """Run the child to its end or its limit; return what went wrong."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith("KERASCRASH")
    }
    environment |= {"TMPDIR": folder, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with subprocess.Popen(
        [sys.executable, profiler_child.__file__, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
        start_new_session=True,
    ) as child:
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(child)
            return f"they took longer than {seconds:.0f} s"
        except BaseException:
            _end(child)
            raise
    return f"they died (status {status})" if status else ""


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
