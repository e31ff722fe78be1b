"""
A hook: one thing observed in the user's process, installed at arming.

A hook is a module in ``record/hooks`` with one constant, ``HOOK``. Its ``install``
gets the recorder and returns how to take it out again. What it leaves in the user's
process must be wrapped by ``guarded``: an exception then takes the hook out, and the
dump says so; the user's program never meets it.
"""

from __future__ import annotations

import os
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kerascrash.record.recorder import Recorder


class Hook:
    """``install(recorder)`` begins to observe and returns how to end that."""

    def __init__(
        self, name: str, install: Callable[[Recorder], Callable[[], None]]
    ) -> None:
        self.name = name
        self.install = install


def guarded(
    recorder: Recorder, name: str, function: Callable[..., Any]
) -> Callable[..., Any]:
    """
    Return ``function`` made harmless: its first exception is its last call.

    Only what a signal handler of the user's raises meanwhile goes through.
    """
    failed = False

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal failed
        if failed:
            return None
        try:
            return function(*args, **kwargs)
        except RecursionError:  # the user's stack is nearly full: no fault of the hook
            return None
        except Exception as error:  # the user's program must go on whatever it is
            if _belongs_to_user(error):
                raise
            failed = True
            _take_out(recorder, name, error)
            return None

    return call


def _belongs_to_user(error: Exception) -> bool:
    try:
        from kerascrash.record.signal_errors import raised_by_signal_handler

        return raised_by_signal_handler(error)
    except Exception:  # no memory, no stack: then it is one of ours
        return False


def _take_out(recorder: Recorder, name: str, error: Exception) -> None:
    try:
        recorder.hook_failed(name, error)
    except Exception:  # not even noted, but the user's program goes on
        return


def find_hooks() -> Iterator[str]:
    """Walk the package of hooks by file name (pkgutil would cost 3 ms at arming)."""
    folder = os.path.join(os.path.dirname(__file__), "hooks")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py") and not name.startswith("_"):
            yield name[:-3]


def load_hook(name: str) -> Hook:
    """Return the hook of that file; raises whatever its import raises."""
    hook = import_module(f"kerascrash.record.hooks.{name}").HOOK
    if not isinstance(hook, Hook):
        raise TypeError(f"HOOK in hooks/{name}.py is not a Hook")
    return hook
