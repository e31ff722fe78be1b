"""
Keeping TensorFlow's own log quiet for the moment of one call.

Its profiler says four or five lines at level INFO for each session: over the windows of
a long training they would bury what the user reads, and push what a death is told by
out of the tail of stderr. TensorFlow 2.18 and later log through Abseil, whose two
functions for the level are exported; their mangled names carry the Abseil release,
which the wheel's headers name. Where they are not found the lines are printed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_LIBRARY = "libtensorflow_framework.so.2"
_OPTIONS = os.path.join("include", "absl", "base", "options.h")
_RELEASE = re.compile(r"^#define ABSL_OPTION_INLINE_NAMESPACE_NAME (\w+)", re.MULTILINE)
_READS, _SETS = "11MinLogLevelEv", "14SetMinLogLevelENS0_18LogSeverityAtLeastE"
_WARNING = 1  # absl::LogSeverityAtLeast::kWarning


class QuietLog:
    """Finds the two functions once, when it is first used."""

    def __init__(self) -> None:
        self._level: Callable[[], int] | None = None
        self._set: Callable[[int], None] | None = None
        self._sought = False

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Let only warnings and errors through meanwhile, on all threads."""
        if not self._sought:
            self._sought = True
            with contextlib.suppress(Exception):  # another build, another system
                self._find()
        if self._level is None or self._set is None:
            yield
            return
        before = self._level()
        self._set(max(before, _WARNING))
        try:
            yield
        finally:
            self._set(before)

    def _find(self) -> None:
        import ctypes

        folder = os.path.dirname(sys.modules["tensorflow"].__file__ or "")
        with open(os.path.join(folder, _OPTIONS), encoding="utf-8") as file:
            found = _RELEASE.search(file.read())
        if found is None:
            return
        # What is loaded already, and nothing else.
        mode = os.RTLD_NOLOAD | os.RTLD_NOW
        library: Any = ctypes.CDLL(os.path.join(folder, _LIBRARY), mode=mode)
        release = f"_ZN4absl{len(found[1])}{found[1]}"
        level, change = library[release + _READS], library[release + _SETS]
        level.restype, level.argtypes = ctypes.c_int, []
        change.restype, change.argtypes = None, [ctypes.c_int]
        self._level, self._set = level, change
