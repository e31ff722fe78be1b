"""
The cells of a notebook: code without a file, known by the number of its last run.

IPython compiles each cell under a made-up file name (``<ipython-input-7-…>``; in a
kernel ``/tmp/ipykernel_PID/…py``, which does not exist) and keeps its text in
``linecache``. Here such names become ``In [7]``, as the notebook shows them. A cell
that was run again unchanged has one name and its newest number.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAIN_FILE = "<stdin>"
"""Stands for the file of a ``__main__`` that has none; in a notebook: all cells."""
_SHELL = "IPython.core.interactiveshell"


def current_shell() -> Any:
    """Return IPython's shell, None where this process has none."""
    cls = getattr(sys.modules.get(_SHELL), "InteractiveShell", None)
    return getattr(cls, "_instance", None)


def is_kernel() -> bool:
    """Return whether this process is the kernel of a notebook."""
    return hasattr(current_shell(), "kernel") if _SHELL in sys.modules else False


def cell_files() -> list[str]:
    """Return the cells' file names, the one that ran last first."""
    numbers = dict(_numbers())  # in one step: another cell may begin meanwhile
    return sorted(numbers, key=lambda name: -numbers[name])


def shown_file(file: str) -> str:
    """Return ``In [7]`` for a cell's file name, any other as it is."""
    number = _numbers().get(file)
    return file if number is None else f"In [{number}]"


def hidden_file(shown: str) -> str:
    """Return the file name of what ``shown_file`` has returned."""
    if shown.startswith("In ["):
        for file, number in dict(_numbers()).items():
            if shown == f"In [{number}]":
                return file
    return shown


def _numbers() -> dict[str, int]:
    """Return IPython's own table: file name → number of the cell's last run."""
    if _SHELL not in sys.modules:
        return {}
    found = getattr(getattr(current_shell(), "compile", None), "_filename_map", None)
    return found if type(found) is dict else {}


def at_next_cell(function: Callable[[str], object], text: str) -> bool:
    """Call ``function(text)`` once, when the next cell begins; False: not possible."""
    events = getattr(current_shell(), "events", None)
    if events is None:
        return False

    def call(*_: Any) -> None:
        events.unregister("pre_run_cell", call)
        function(text)

    events.register("pre_run_cell", call)
    return True
