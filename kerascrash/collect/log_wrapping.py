"""
Take a line out of what it was quoted, copied or shipped in.

A ticket quotes with ``> ``, grep names the file, a pager numbers the lines, a launcher
marks the rank, a container engine or log collector wraps each line in JSON. What is
left is what the kernel or the program wrote. Stamps that the kernel, syslog or the
journal write belong to the line and stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# Each stands at the beginning of a line; what follows it is the line.
_FRONTS = (
    r"(?:> ?)+",  # a mail or a ticket
    # cat -n, grep -n, srun -l, less -N
    r"[ \t]*\d{1,7}(?:\t|:(?!\d|$) ?|:(?=\d{4}-\d\d-)|(?= \[ *\d+\.\d))",
    # grep over several files
    r"(?:[\w.@+~-]*/)*(?:messages|syslog|kern|dmesg|journal|daemon"
    r"|[\w.@+-]+\.(?:log|err|out|txt))[\w.-]*:(?:\d+[:-])?(?=\S)",
    r"\[\d+,\d+\]<std(?:err|out|diag)>: ?",  # mpirun --tag-output
    r"\[(?:rank|default)\d+\]: ?",  # torchrun
    r"\[pod/[\w.-]+/[\w.-]+\] ",  # kubectl logs --prefix
    r"\((?:[\w.:]+ )?pid=\d+(?:, ip=[\d.]+)?\) ",  # Ray
    r"[\w.-]+[-_]\d+ +\| ",  # docker compose
    # CRI: the files under /var/log/pods
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d) std(?:out|err) [FP] ",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7,9}Z ",  # docker logs -t, GitHub Actions
    r"\s*MESSAGE=",  # journalctl -o export, -o verbose
)
_FRONT = re.compile("|".join(f"(?:{one})" for one in _FRONTS))
_CODE = re.compile(r"\s*(?:[*+-] )?`([^`]{10,})`\s*$")  # a line set as code
_ROW = re.compile(r"\s*\|(.+\|.+)\|\s*$")  # a row of a table
_FIELD = re.compile(  # pretty-printed JSON: one field a line
    r'\s*"(?:MESSAGE|message|msg|log|textPayload)"\s*:\s*(".*")\s*,?\s*$'
)
_MICROSECONDS = re.compile(r"[0-9]{10,18}")
_HEAD = 240  # characters in which a front ends: patterns take time square in it
_CELL = 40  # characters: a cell that long is a sentence
_DEEPEST = 4  # quotes of quotes
# What a record of a log collector has beside the text.
_BESIDE = {
    *("stream", "time", "timestamp", "@timestamp", "ts", "level", "severity"),
    *("levelname", "lvl", "logger", "hostname", "kubernetes", "resource", "insertId"),
}


def unwrap(text: str) -> str:
    """Return the line without what it was wrapped in; indentation stays."""
    for _ in range(_DEEPEST):
        inner = _unwrap_once(text)
        if inner == text:
            break
        text = inner
    return text


def _unwrap_once(text: str) -> str:
    if found := _FRONT.match(text, 0, _HEAD):
        return text[found.end() :]
    if found := _CODE.match(text):
        return found[1]
    if text.lstrip()[:1] == "|" and (found := _ROW.match(text)):
        longest = max(found[1].split(" | "), key=len).strip()
        return longest if len(longest) >= _CELL else text
    if '"' in text[:40] and (found := _FIELD.match(text)):
        try:
            return str(json.loads(found[1]))
        except ValueError:
            return text
    return text


def open_record(text: str) -> tuple[list[str], float | None] | None:
    """
    Return the lines of text in a JSON record of a log, and its Unix time if it tells.

    None for everything else: other JSON keeps its fields, rules read them.
    """
    if not (text.startswith("{") and text.rstrip().endswith("}")):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    message = _message_of(record)
    if message is None:
        return None
    return list(_lines(message, _sender(record))), _time_of(record)


def _message_of(record: Mapping[str, Any]) -> str | None:
    message = record.get("MESSAGE")
    if isinstance(message, list):  # journald: bytes that are not UTF-8
        octets = [one for one in message if isinstance(one, int) and 0 <= one < 256]
        return bytes(octets).decode("utf-8", "replace")
    if isinstance(message, str) or isinstance(record.get("textPayload"), str):
        return str(message if isinstance(message, str) else record["textPayload"])
    if not _BESIDE & record.keys() or "reason" in record:  # an event has a reason
        return None
    known = (record.get(key) for key in ("log", "message", "msg"))
    return next((one for one in known if isinstance(one, str)), None)


def _sender(record: Mapping[str, Any]) -> str:
    """Return ``host kernel: `` and the like, as the journal's short format writes."""
    who = record.get("SYSLOG_IDENTIFIER")
    if not isinstance(who, str):
        return ""
    pid = record.get("_PID")
    number = f"[{pid}]" if isinstance(pid, str) and who != "kernel" else ""
    host = record.get("_HOSTNAME")
    return f"{host if isinstance(host, str) else 'host'} {who}{number}: "


def _lines(message: str, front: str) -> Iterator[str]:
    for line in message.splitlines():
        yield front + line


def _time_of(record: Mapping[str, Any]) -> float | None:
    stamp = record.get("__REALTIME_TIMESTAMP")
    if isinstance(stamp, str) and _MICROSECONDS.fullmatch(stamp):
        return int(stamp) / 1e6
    return None
