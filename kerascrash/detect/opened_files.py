"""Who used up the descriptors: a line of the script's own that opens files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.places import read_place
from kerascrash.estimate.statements import statement_at
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import line_in_words

_EXHAUSTED = re.compile(r"\[Errno 2[34]\]|Too many open files")
_OPENS = re.compile(r"(?:^|\.)(?:open|fdopen|socket|create_connection|mkstemp|Popen)$")


def detect(case: Case) -> Iterator[Finding]:
    """Yield the script's own line that asked for one descriptor too many."""
    recording = recording_of(case)
    for mark in recording.marks if recording else ():
        if mark.kind != "exception":
            continue
        place = read_place(mark.data.get("place"))
        statement = statement_at(place)
        if place is None or statement is None:
            continue
        exhausted = _EXHAUSTED.search(str(mark.data.get("message") or ""))
        if exhausted and any(map(_OPENS.search, statement.calls)):
            where = line_in_words(place.file.rsplit("/", 1)[-1], place.line)
            text = f"the script's own line {where} opened one file too many"
            yield note("opened_by_script", "dump:events", text, time=mark.time)


DETECTOR = Detector(
    id="opened_files",
    finds=("opened_by_script",),
    detect=detect,
    needs=("recording",),
)
