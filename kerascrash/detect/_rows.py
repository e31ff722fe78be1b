"""Log rules as data: the rows of detect/rules, loaded once, compiled when needed."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PROGRAM = ("stderr", "system", "crash_report")
ROLES = ("cause", "messenger", "end", "hint", "noise")


_TOLD = re.compile(r"<status (\d+)>")  # in a pattern: see told_status
_WORD = (
    r"(?:\bexit(?:ed)?(?:[ _-]?(?:code|status|value))?|\bstatus(?:[ _-]?code)?"
    r"|\breturn(?:ed)?[ _-]?(?:code|value)?|\bcode|\brc)"
)
_BETWEEN = (
    r"[\"']?\s*(?:[:=(]|\bis\b|\bof\b|\bwith\b)?[\s\"']*(?:(?:an? )?(?:non-?zero )?"
    r"(?:exit |return )?(?:code|status|value)(?: of)?[:=]?\s*)?"
)
_SIGNAL = (  # but not `Signal: 11 (SEGV)`: coredumpctl, read elsewhere
    r"signal(?!: \d+ \([A-Z]{2,5}\)$)[\"']?(?: termination| (?:SIG)?[A-Z]{3,4})?"
    r"\s*[:=(]?\s*"
)


def told_status(number: int) -> str:
    """
    Return the pattern of how launchers, engines and schedulers tell a signal.

    ``Exit Code: 139``, ``"exitCode": 139``, ``Exited (139)``, ``returned -11``,
    ``signal: 11``, ``on signal 11``, Slurm's ``0:11`` and ``RaisedSignal:11``.
    """
    byte, more = 128 + number, "|247" if number == 9 else ""
    return (
        rf"{_WORD}{_BETWEEN}(?:{byte}|-{number}|0:{number}|{byte}:0{more})(?![\d%/:]|\.\d)"
        rf"|\bmake\S*: \*\*\* \[.*\] Error {byte}\b"
        rf"|\bExecMainStatus={number}\b|unexpected fatal signal {number}\b"
        rf"|\b[A-Z_]{{6,}}\+?(?: by \d+)?[\s|]+(?:{byte}:0|0:{number})(?!\d)"
        rf"|{_SIGNAL}{number}(?![\w%/]|\.\d)"
    )


@dataclass(frozen=True, slots=True)
class Row:
    """
    One family of log lines.

    ``hint``: lower-case literals, one of which is in every matching line. ``sources``:
    kinds of log it may stand in; unless the row or its file says otherwise not the
    kernel's, whose words (`out_of_memory+0x1fd`) mean other things. ``platforms``:
    where it may happen (empty: anywhere). ``role``:

    - ``cause`` names a mechanism by itself;
    - ``messenger`` tells of a failure that something above it caused, if anything did;
    - ``end`` only says that the process ended;
    - ``hint`` points at something without being fatal;
    - ``noise`` looks alarming and is not: no other row may match that line.

    ``beats`` names rows whose match on the same line is less precise than this one.
    ``<status N>`` in a pattern stands for how others tell that signal N ended it.
    """

    id: str
    finding: str
    pattern: str
    meaning: str
    hint: tuple[str, ...]
    role: str = "cause"
    strength: float = 1.0
    sources: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    beats: tuple[str, ...] = ()
    example: str = ""
    counter_example: str = ""
    file: str = field(default="", compare=False)

    def match(self, text: str, lower: str) -> re.Match[str] | None:
        """Return the match in a line, given also in lower case for the cheap test."""
        if not any(h in lower for h in self.hint):
            return None
        return compile_pattern(self.pattern).search(text)


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the compiled pattern; case never matters in what people paste."""
    return re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=1)
def load_rows() -> tuple[Row, ...]:
    """Return all rows of all rule files, in the order of files and rows."""
    folder = resources.files("kerascrash.detect").joinpath("rules")
    names = sorted(f.name for f in folder.iterdir() if f.name.endswith(".toml"))
    rows: list[Row] = []
    for name in names:
        table = tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))
        common = {"sources": table.get("sources", _PROGRAM), "file": name}
        rows.extend(_make_row(common | raw) for raw in table.get("row", ()))
    return tuple(rows)


def _make_row(raw: dict[str, Any]) -> Row:
    lists = ("hint", "sources", "platforms", "beats")
    values: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in raw.items()}
    told = _TOLD.search(values["pattern"])
    if told:
        number = int(told[1])
        values["pattern"] = _TOLD.sub(lambda _: told_status(number), values["pattern"])
        values["hint"] += tuple(f"{code}" for code in (128 + number, -number))
        values["hint"] += (f":{number}", f" {number}", f"({number})", f"={number}")
    return Row(**values)
