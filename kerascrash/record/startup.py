"""
Arming with no edit: run by ``kerascrash_startup.pth`` at every start of Python.

With ``KERASCRASH=1`` in the environment a process that runs a script of the user's own
is armed at once, and so is whatever ``kerascrash run`` starts. Any other (``-m``,
``-c``, an installed command, the interactive interpreter) is armed when it first
imports a framework: so pip, linters and helpers stay unarmed. Processes that only serve
multiprocessing never are; the workers that its fork server makes arm themselves.
"""

from __future__ import annotations

import os
import sys

from kerascrash.record.module_watch import watch_once

FRAMEWORKS = ("tensorflow", "keras", "tf_keras", "jax", "torch")
_TRACKER, _FORK_SERVER = (
    "multiprocessing.resource_tracker",
    "multiprocessing.forkserver",
)
_PACKAGES = ("site-packages", "dist-packages")
_WORKERS = ("multiprocessing.spawn", "--multiprocessing-fork")
_VALUED_OPTIONS = frozenset({"-X", "-W", "--check-hash-based-pycs"})


def start() -> None:
    """Arm now, later or never; never raises."""
    try:
        kind = classify(list(getattr(sys, "orig_argv", ())))
        if is_run_by_us() and kind == "later":
            kind = "now"
        if kind == "now":
            _arm()
        elif kind == "later":
            watch_once(FRAMEWORKS, _arm)
        elif kind == "children":
            os.register_at_fork(after_in_child=_arm)
    except Exception:  # nobody asked for a traceback at the start of their program
        return


def is_run_by_us() -> bool:
    """Return whether ``kerascrash run`` has started this very process; once."""
    return os.environ.pop("KERASCRASH_RUN", "") == str(os.getppid())


def classify(given: list[str]) -> str:
    """Return ``now``, ``later``, ``children`` or ``never`` for a command line."""
    options, rest = split_command(given)
    if options[-1:] == ["-c"]:
        code = rest[0] if rest else ""
        if _TRACKER in code:
            return "never"
        if _FORK_SERVER in code:
            return "children"
        if all(part in " ".join(rest) for part in _WORKERS):
            return "now"
        return "later"
    if options[-1:] == ["-m"]:
        ours = bool(rest) and rest[0].partition(".")[0] == "kerascrash"
        return "never" if ours else "later"
    if rest and rest[0] != "-":
        return "now" if _is_own_script(rest[0]) else "later"
    return "later"


def split_command(given: list[str]) -> tuple[list[str], list[str]]:
    """
    Return the interpreter's options and the rest: script and arguments.

    The options end with ``-c`` or ``-m`` where that says what to run; the code or the
    module is then the first of the rest.
    """
    options: list[str] = []
    rest = given[1:]
    while rest and rest[0].startswith("-") and rest[0] != "-":
        option = rest.pop(0)
        if not option.startswith("--") and (at := _runs_code(option)):
            options.append(f"-{option[at]}")
            if option[at + 1 :]:  # as in -mpip
                rest.insert(0, option[at + 1 :])
            return options, rest
        options.append(option)
        if option in _VALUED_OPTIONS and rest:
            options.append(rest.pop(0))
    return options, rest


def _runs_code(option: str) -> int:
    """Return where ``c`` or ``m`` stands in a group of short options, 0 if nowhere."""
    for at, letter in enumerate(option[1:], 1):
        if letter in "cm":
            return at
        if letter in "XW":
            return 0
    return 0


def _is_own_script(path: str) -> bool:
    """Return whether a script is none of the installed commands and modules."""
    real = os.path.abspath(path)
    if (
        f"{os.sep}site-packages{os.sep}" in real
        or f"{os.sep}dist-packages{os.sep}" in real
    ):
        return False
    folder = os.path.dirname(real)
    installed = {os.path.dirname(os.path.abspath(sys.executable))}
    installed |= {os.path.join(p, "bin") for p in (sys.prefix, sys.base_prefix)}
    installed |= {os.path.join(p, "Scripts") for p in (sys.prefix, sys.base_prefix)}
    return folder not in installed and not real.startswith(
        os.path.dirname(os.path.abspath(os.__file__)) + os.sep
    )


def _arm() -> None:
    from kerascrash.record.entry import arm

    arm()


start()
