"""The run as one long table: a row per reading, slice and event, in order of time."""

from __future__ import annotations

import csv
import io
import json

from kerascrash.model.case import Case
from kerascrash.report.export.tracks import (
    counters_of,
    instants_of,
    slices_of,
    unit_of,
)
from kerascrash.report.plain import plain

COLUMNS = ("time", "kind", "track", "name", "value", "unit", "end", "data")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(case: Case) -> str:
    """Return CSV with a header; times are Unix seconds."""
    rows: list[tuple[float, str, str, str, object, str, object, str]] = []
    for name, points in counters_of(case).items():
        unit = unit_of(name)
        rows += [
            (time, "reading", "", name, value, unit, "", "") for time, value in points
        ]
    rows += [
        (one.begin, "slice", one.track, one.name, "", "", one.end, _data(one.data))
        for one in slices_of(case)
    ]
    rows += [
        (mark.time, "event", "", mark.kind, "", "", "", _data(mark.data))
        for mark in instants_of(case)
    ]
    rows.sort(key=lambda row: row[0])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _data(value: object) -> str:
    return json.dumps(plain(value), allow_nan=False) if value else ""


def _harmless(cell: object) -> object:
    """Keep a spreadsheet from taking text of a dump for a formula."""
    if not isinstance(cell, str):
        return cell
    text = str(plain(cell)).replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA) else text
