"""
A comparison as JSON: ``kerascrash.diff/1``.

``runs`` holds A and B, ``differences`` what is not equal, the biggest first: group,
name, a, b (null: that run has it not), unit, weight, note. Sizes are bytes, times Unix
seconds; ``courses`` are [seconds since the common stage began, bytes]. ``redaction``
is as in the report: what was replaced in both runs, null if nothing was.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kerascrash.report.plain import plain
from kerascrash.report.series import thin

if TYPE_CHECKING:
    from kerascrash.model.comparison import Comparison, Course, Side

SCHEMA = "kerascrash.diff/1"
_SLICES = 120


def render(comparison: Comparison) -> str:
    """Return a JSON document in ASCII."""
    document = {
        "schema": SCHEMA,
        "runs": {"A": _side(comparison.a), "B": _side(comparison.b)},
        "differences": [
            {name: getattr(each, name) for name in type(each).__slots__}
            for each in comparison.differences
        ],
        "stage": comparison.stage or None,
        "courses": {
            "A": _course(comparison.a.course),
            "B": _course(comparison.b.course),
        },
        "unknown": list(comparison.unknown),
        "redaction": asdict(comparison.redaction) if comparison.redaction else None,
    }
    return json.dumps(plain(document), indent=1, allow_nan=False) + "\n"


def _side(side: Side) -> dict[str, Any]:
    names = [name for name in type(side).__slots__ if name != "course"]
    return {name: getattr(side, name) for name in names}


def _course(course: Course) -> dict[str, Any]:
    return {
        "points": [list(point) for point in thin(course.points, _SLICES)],
        "limit_bytes": course.limit,
        "ended": course.ended,
    }
