"""
Observe what systemd tells of a core it kept: `coredumpctl info`, `list`, `--json`.

It knows the signal at first hand, and the stack with the module of each frame. The same
lines stand in the journal (systemd-coredump). Of several cores the one of our process
counts, else the last of a Python.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kerascrash.detect._kernel_lines import is_pythonic
from kerascrash.model.case import Case, LogLine, Process
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.model.rules import Detector

_PID = re.compile(r"^\s*PID: (?P<pid>\d+) \((?P<name>[^)]+)\)")
_SIGNAL = re.compile(r"^\s*Signal: (?P<signal>\d+) \(\w+\)")
_SAID = re.compile(
    r"Process (?P<pid>\d+) \((?P<name>[^)]+)\) of user \d+ "
    r"(?:terminated abnormally with signal (?P<signal>\d+)/)?"
)
_EXE = re.compile(r"^\s*Executable: (?P<exe>/.+)")
_FRAME = re.compile(
    r"#(?P<number>\d+)\s+0x[0-9a-f]{4,16} (?P<symbol>.+?) \((?P<module>[^()]+?)"
    r"(?: \+ (?P<offset>0x[0-9a-f]+))?\)\s*$"
)
_LISTED = re.compile(
    r"^\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*(?: \S+)?\s+(?P<pid>\d+)\s+\d+\s+\d+\s+"
    r"(?P<signal>SIG[A-Z]+|\d+)\s+\S+\s+(?P<exe>/\S+)"
)
_OBJECT = re.compile(r"\{[^{}]{0,2000}?\"sig\"[^{}]{0,2000}\}")
_BY_NAME = {
    "SIGQUIT": 3, "SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGBUS": 7, "SIGFPE": 8,
    "SIGSEGV": 11, "SIGSYS": 31, "SIGXCPU": 24,
}  # fmt: skip
_FINDINGS = {
    3: "exit_sigquit", 4: "exit_sigill", 5: "exit_sigtrap", 6: "exit_sigabrt",
    7: "exit_sigbus", 8: "exit_sigfpe", 11: "exit_sigsegv", 24: "exit_sigxcpu",
}  # fmt: skip
# What a function on the stack says of why abort() was called.
_ON_STACK = (
    (re.compile(r"__throw_bad_alloc|bad_alloc"), "host_alloc_failed",
     "C++ was refused memory (std::bad_alloc)"),
    (re.compile(r"malloc_printerr|__libc_message|malloc_consolidate"),
     "heap_corruption", "glibc found the heap corrupted"),
    (re.compile(r"__assert_fail|__stack_chk_fail|__fortify_fail"), "native_assert",
     "an assertion in native code failed"),
    (re.compile(r"LogMessageFatal|CheckFailed|google10LogMessage|CheckFail"),
     "native_check", "a CHECK in native code failed"),
    (re.compile(r"terminate_handler|std9terminate|std::terminate|__cxa_throw|"
                r"__terminate"),
     "cxx_terminate", "a C++ exception that nobody caught"),
    (re.compile(r"fatal_error_exit|Py_FatalError"), "python_fatal",
     "the interpreter stopped itself"),
)  # fmt: skip
_OF_ANOTHER = 0.3


@dataclass
class _Core:
    """One core that systemd tells of."""

    source: str
    line: LogLine
    pid: int = 0
    name: str = ""
    signal: int = 0
    frames: list[tuple[str, str]] = field(default_factory=list)  # symbol, module

    @property
    def where(self) -> str:
        """Return the module of the top frame."""
        return self.frames[0][1].rpartition("/")[2] if self.frames else ""


def detect(case: Case) -> Iterator[Finding]:
    """Yield the signal of the core, and what its stack says."""
    cores = [
        core for source, lines in _texts(case).items() for core in _read(source, lines)
    ]
    known = [core for core in cores if core.signal in _FINDINGS]
    core, ours = _choose(case, known)
    if core is None:
        return
    place = f" in {core.where}" if core.where else ""
    text = f"systemd kept a core of {core.name or 'it'} (process {core.pid}): "
    text += f"signal {core.signal}{place}"
    data = {"pid": core.pid, "signal": core.signal, "module": core.where}
    facts = (_quote(core, data),)
    yield Finding(_FINDINGS[core.signal], text, ours, facts, data)
    yield Finding("died_by_signal", "a signal ended it", ours, facts)
    symbols = " ".join(symbol for symbol, _ in core.frames)
    for pattern, finding, meaning in _ON_STACK:
        if core.signal == _BY_NAME["SIGABRT"] and pattern.search(symbols):
            yield Finding(finding, f"{meaning}, by the stack in the core", ours, facts)
            return


def _texts(case: Case) -> dict[str, list[LogLine]]:
    """Return the lines by source: a block's lines were sorted into several kinds."""
    texts: dict[str, list[LogLine]] = {}
    for log in case.logs:
        if log.kind != "kernel":
            texts.setdefault(log.source, []).extend(log.lines)
    for lines in texts.values():
        lines.sort(key=lambda line: line.number)
    return texts


def _choose(case: Case, cores: list[_Core]) -> tuple[_Core | None, float]:
    """Return the core of our process, and how sure it is that it is ours."""
    process = case.process
    if isinstance(process, Process):
        mine = [c for c in cores if c.pid in (process.pid, *process.outer_pids)]
        return (mine[-1], 1.0) if mine else (None, 0.0)
    pythons = [core for core in cores if not core.name or is_pythonic(core.name)]
    if pythons:
        return pythons[-1], 1.0
    return (cores[-1], _OF_ANOTHER) if cores else (None, 0.0)


def _quote(core: _Core, data: dict[str, object]) -> Evidence:
    source, line = core.source, core.line
    text = line.text.strip()[:600]
    return Evidence(
        f"{source}:{line.number}", source, text, line.time, line.number, data
    )


def _read(source: str, lines: list[LogLine]) -> Iterator[_Core]:
    """Yield the cores told of in one text, as `info`, `list` and the journal do."""
    core: _Core | None = None
    for line in lines:
        begun = _PID.search(line.text) or _SAID.search(line.text)
        if begun and (core is None or core.pid != int(begun["pid"])):
            if core is not None:
                yield core
            core = _Core(source, line, int(begun["pid"]), begun["name"])
            core.signal = int(begun.groupdict().get("signal") or 0)
        elif listed := _LISTED.search(line.text):
            name = os.path.basename(listed["exe"])
            yield _Core(
                source, line, int(listed["pid"]), name, _number(listed["signal"])
            )
        elif core is not None:
            _add(core, line)
        elif found := _SIGNAL.search(line.text):  # pasted from the middle
            core = _Core(source, line, signal=int(found["signal"]))
    if core is not None:
        yield core
    yield from _read_json(source, lines)


def _add(core: _Core, line: LogLine) -> None:
    if found := _SIGNAL.search(line.text):
        core.signal, core.line = int(found["signal"]), line
    elif (found := _EXE.search(line.text)) and not is_pythonic(core.name):
        core.name = os.path.basename(found["exe"].strip())
    found = _FRAME.search(line.text)
    if found and int(found["number"]) == len(core.frames):  # the thread that died
        core.frames.append((found["symbol"], found["module"]))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _BY_NAME.get(text, 0)


def _read_json(source: str, lines: list[LogLine]) -> Iterator[_Core]:
    """Yield the objects of `coredumpctl --json`, one line or several each."""
    first = next((line for line in lines if '"sig"' in line.text), None)
    if first is None:
        return
    for text in _OBJECT.findall("\n".join(line.text for line in lines)):
        try:
            row = json.loads(text)
            number, pid = int(row["sig"]), int(row["pid"])
            name = os.path.basename(str(row["exe"]))
        except (KeyError, TypeError, ValueError):
            continue
        yield _Core(source, first, pid, name, number)


DETECTOR = Detector(
    id="coredump_text",
    finds=(
        *sorted(set(_FINDINGS.values())),
        "died_by_signal",
        *sorted({finding for _, finding, _ in _ON_STACK}),
    ),
    detect=detect,
    needs=("log",),
)
