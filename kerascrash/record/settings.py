"""
Settings, read from the environment once, at arming.

A value that makes no sense is never an error: the default is used, one line on stderr
says so, and the dump keeps the problem as a ``SETTING`` event.
"""

from __future__ import annotations

from kerascrash.dump.layout import DEFAULT_SIZE, LARGEST_SIZE, SMALLEST_SIZE
from kerascrash.units import format_bytes, parse_bytes

TYPE_CHECKING = False  # importing typing would cost every armed script 5 ms
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ON = frozenset({"1", "true", "yes", "on"})
OFF = frozenset({"", "0", "false", "no", "off"})


class Settings:
    """What the user asked for; attributes named as the variables, less the prefix."""

    def __init__(self) -> None:
        self.enabled: bool | None = None
        """KERASCRASH: True arms at start-up, False never arms, None: not said."""
        self.dir = ""
        self.size = DEFAULT_SIZE
        self.keep_always = False
        self.watcher = True
        self.outside = True
        """KERASCRASH_OUTSIDE: the watcher may read the main thread's stack."""
        self.quiet = False
        self.warn = True
        self.source = True
        self.stderr = False
        self.profile_every = 0
        """KERASCRASH_PROFILE: a profile window every so many steps; 0: none."""
        self.bfc_dump = False
        self.problems: list[tuple[str, str, str]] = []
        """(variable, value, what is wrong with it and what is used instead)."""

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as the environment blob keeps them."""
        return {name: value for name, value in vars(self).items() if name != "problems"}


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings in ``environ``; never raises."""
    settings = Settings()
    if "KERASCRASH" in environ:
        settings.enabled = _switch(settings, environ, "KERASCRASH", default=True)
    settings.dir = environ.get("KERASCRASH_DIR", "")
    settings.size = _size(settings, environ)
    settings.keep_always = _keep(settings, environ)
    settings.watcher = _switch(settings, environ, "KERASCRASH_WATCHER", default=True)
    settings.outside = _switch(settings, environ, "KERASCRASH_OUTSIDE", default=True)
    settings.quiet = _switch(settings, environ, "KERASCRASH_QUIET", default=False)
    settings.warn = _switch(settings, environ, "KERASCRASH_WARN", default=True)
    settings.source = _switch(settings, environ, "KERASCRASH_SOURCE", default=True)
    settings.stderr = _switch(settings, environ, "KERASCRASH_STDERR", default=False)
    settings.bfc_dump = _switch(settings, environ, "KERASCRASH_BFC_DUMP", default=False)
    settings.profile_every = _count(settings, environ, "KERASCRASH_PROFILE")
    return settings


def _switch(
    settings: Settings, environ: Mapping[str, str], name: str, *, default: bool
) -> bool:
    text = environ.get(name)
    if text is None:
        return default
    word = text.strip().lower()
    if word in ON or word in OFF:
        return word in ON
    used = "1" if default else "0"
    settings.problems.append((name, text, f"not 0 or 1; using {used}"))
    return default


def _size(settings: Settings, environ: Mapping[str, str]) -> int:
    text = environ.get("KERASCRASH_SIZE", "").strip()
    if not text:
        return DEFAULT_SIZE
    problem = "not a size such as 8MiB"
    try:
        size = parse_bytes(text)
        if SMALLEST_SIZE <= size <= LARGEST_SIZE:
            return size
        low, high = format_bytes(SMALLEST_SIZE), format_bytes(LARGEST_SIZE)
        problem = f"not between {low} and {high}"
    except (ValueError, OverflowError):
        pass
    used = format_bytes(DEFAULT_SIZE)
    settings.problems.append(("KERASCRASH_SIZE", text, f"{problem}; using {used}"))
    return DEFAULT_SIZE


def _keep(settings: Settings, environ: Mapping[str, str]) -> bool:
    text = environ.get("KERASCRASH_KEEP", "").strip().lower()
    if text == "always" or text in ON:
        return True
    if text not in OFF and text not in {"never", "died", "crash"}:
        problem = "not 'always'; dumps of clean exits are removed"
        settings.problems.append(("KERASCRASH_KEEP", text, problem))
    return False


def _count(settings: Settings, environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name, "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    if text:
        settings.problems.append((name, text, "not a number of steps; using 0"))
    return 0
