"""Make a line of a log fit to be read: no escapes, no rubbish, a time if it has one."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone

MAX_LINE = 2400  # some patterns take time square in the length
# CSI and OSC sequences, two-byte escapes; then every control character but the tab.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+"
)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r"\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?"
)
_UNIX = re.compile(r"(1\d{9}\.\d{3,6}) ")  # journalctl -o short-unix
_LONG = re.compile(  # dmesg -T: [Mon Nov 23 06:31:55 2026]
    r"\[\w{3} (\w{3}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})\]"
)
_SYSLOG = re.compile(r"(\w{3}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?\s")
_MONTHS = {
    m: n
    for n, m in enumerate(
        [
            "jan",
            "feb",
            "mar",
            "apr",
            "may",
            "jun",
            "jul",
            "aug",
            "sep",
            "oct",
            "nov",
            "dec",
        ],
        start=1,
    )
}
_YEAR = 366 * 86400


def clean_text(text: str) -> str:
    """Return the text without terminal escapes and control characters (tabs stay)."""
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPES.sub("", text)
    if text.isprintable():
        return text
    return _CONTROLS.sub("", text)


def shorten(text: str, limit: int = MAX_LINE) -> str:
    """Cut the middle of a line that is too long: fatal text is glued to its end."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} […] {text[-half:]}"


def parse_time(text: str, *, now: float | None = None) -> float | None:
    """
    Return the Unix time at the beginning of a line, or None.

    Times without a zone are taken as local; a syslog stamp without a year gets the
    latest year in which it is not after ``now``.
    """
    head = text[:80]
    if ":" not in head:
        return None
    try:
        if found := _ISO.search(head):
            return _from_iso(found)
        if found := _UNIX.match(head):
            return float(found[1])
        if found := _LONG.match(head):
            month = _MONTHS[found[1].lower()]
            day, hour, minute, second, year = (int(found[i]) for i in range(2, 7))
            return (
                datetime(year, month, day, hour, minute, second)
                .astimezone()
                .timestamp()
            )
        if found := _SYSLOG.match(head):
            return _from_syslog(found, time.time() if now is None else now)
    except (ValueError, KeyError, OverflowError, OSError):
        return None
    return None


def _from_iso(found: re.Match[str]) -> float:
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    micro = int((found[7] or "0")[:6].ljust(6, "0"))
    stamp = datetime(  # noqa: DTZ001 - without a zone local time is meant
        year, month, day, hour, minute, min(second, 59), micro
    )
    zone = found[8]
    if zone is None:
        return stamp.astimezone().timestamp()
    whole = datetime.strptime(
        f"{stamp:%Y-%m-%dT%H:%M:%S}{_offset(zone)}",
        "%Y-%m-%dT%H:%M:%S%z",
    )
    return whole.astimezone(timezone.utc).timestamp() + micro / 1e6


def _offset(zone: str) -> str:
    return "+0000" if zone[0] in "ZUG" else zone.replace(":", "")


def _from_syslog(found: re.Match[str], now: float) -> float:
    month = _MONTHS[found[1].lower()]
    day, hour, minute, second = (int(found[i]) for i in range(2, 6))
    micro = int((found[6] or "0")[:6].ljust(6, "0"))
    year = datetime.fromtimestamp(now, timezone.utc).year
    for candidate in (year + 1, year, year - 1, year - 2, year - 3, year - 4):
        try:
            stamp = datetime(  # noqa: DTZ001 - syslog writes local time
                candidate, month, day, hour, minute, second, micro
            )
        except ValueError:  # 29 February
            continue
        unix = stamp.astimezone().timestamp()
        if unix <= now + 86400:
            return unix
    raise ValueError("no year fits")
