"""
Observe Xid lines of the NVIDIA driver, by the catalogue in detect/data/xid.toml.

An Xid hours before the death is old news; Xid 45 only follows something else; codes 13,
31 and 43 are mostly the program's own doing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from kerascrash.detect._kernel_lines import quote, strip_prefix
from kerascrash.model.case import Case, LogLine
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_XID = re.compile(
    r"NVRM: Xid \((?:PCI:)?(?P<device>[0-9a-fA-F:.]+)[^)]*\): (?P<code>\d{1,3})\b"
    r"(?:.{0,40}?pid='?(?P<pid>\d+))?(?:.{0,40}?name=(?P<name>[^,]+))?"
)
FINDINGS = {
    "hardware": "xid_hardware",
    "driver": "xid_driver",
    "app": "xid_app",
    "other": "xid_other",
}
STRENGTH = {45: 0.5, 63: 0.6, 92: 0.6, 94: 0.9, 154: 0.5}
RECENT_S = 600.0  # seconds before the death


@lru_cache(maxsize=1)
def load_catalogue() -> dict[int, tuple[str, str]]:
    """Return class and text by code."""
    path = resources.files("kerascrash.detect").joinpath("data").joinpath("xid.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))["xid"]
    return {int(code): (row["class"], row["text"]) for code, row in table.items()}


def detect(case: Case) -> Iterator[Finding]:
    """Yield one finding per Xid line; old ones are weak."""
    for log in case.logs:
        for line in log.lines:
            if "Xid" in line.text and (found := _XID.search(strip_prefix(line.text))):
                yield _make(case, log.source, line, found)


def _make(case: Case, source: str, line: LogLine, found: re.Match[str]) -> Finding:
    code = int(found["code"])
    kind, text = load_catalogue().get(code, ("other", "a code not in the catalogue"))
    strength = STRENGTH.get(code, 1.0)
    if line.time is not None and case.death is not None:
        age = case.death - line.time
        strength *= 1.0 if -RECENT_S / 10 <= age <= RECENT_S else 0.1
    data = {**found.groupdict(), "class": kind}
    evidence = (quote(source, line, **data),)
    shown = {k: v for k, v in data.items() if v is not None}
    return Finding(
        FINDINGS[kind], f"GPU error Xid {code}: {text}", strength, evidence, shown
    )


DETECTOR = Detector(
    id="kernel_xid",
    finds=tuple(sorted(FINDINGS.values())),
    detect=detect,
    needs=("log",),
)
