"""The run as plain JSON: every reading, slice and event, nothing judged."""

from __future__ import annotations

import json

from kerascrash.model.case import Case
from kerascrash.report.export.tracks import (
    counters_of,
    instants_of,
    slices_of,
    unit_of,
)
from kerascrash.report.json_case import process_object, stacks_list
from kerascrash.report.plain import plain

SCHEMA = "kerascrash.export/1"


def render(case: Case) -> str:
    """Return a JSON document in ASCII; times are Unix seconds."""
    document = {
        "schema": SCHEMA,
        "process": plain(process_object(case)),
        "series": {
            name: {"unit": unit_of(name), "points": [list(point) for point in points]}
            for name, points in counters_of(case).items()
        },
        "slices": [
            {
                "track": one.track,
                "name": plain(one.name),
                "begin": one.begin,
                "end": one.end,
                "data": plain(one.data),
            }
            for one in slices_of(case)
        ],
        "events": [
            {"time": mark.time, "kind": mark.kind, "data": plain(mark.data)}
            for mark in instants_of(case)
        ],
        "stacks": plain(stacks_list(case)),
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"
