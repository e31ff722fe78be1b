"""
Observe that TensorFlow warned of traced functions that were made anew each time.

Its warning names the function with its address: one name with two addresses is a
function made in a loop, as by models built in it, each with its graphs; one address
traced again and again is called with ever new shapes or Python values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.detect._facts import quoted
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_WARNING = re.compile(
    r"calls to <function (?P<name>\S{1,200}) at (?P<address>0x[0-9a-f]{1,16})> "
    r"triggered tf\.function retracing"
)


def detect(case: Case) -> Iterator[Finding]:
    """Yield the first function that turned up at a second address."""
    for log in case.logs:
        addresses: dict[str, set[str]] = {}
        for line in log.lines:
            found = _WARNING.search(line.text)
            if found is None:
                continue
            known = addresses.setdefault(found["name"], set())
            known.add(found["address"])
            if len(known) > 1:
                text = f"`{found['name']}` was traced again as another function: it "
                text += "is made anew, and the graphs of the old ones stay"
                yield quoted("functions_made_anew", text, log, line)
                return


DETECTOR = Detector(
    id="retraces_told", finds=("functions_made_anew",), detect=detect, needs=("log",)
)
