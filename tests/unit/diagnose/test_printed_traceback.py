"""Nothing was armed: the user's line is read from the traceback on standard error."""

from __future__ import annotations

import pytest

from kerascrash.collect.log_text import make_logs
from kerascrash.diagnose import diagnose
from kerascrash.model.case import Case, ExitStatus
from kerascrash.model.evidence import Unavailable

NONE = Unavailable("dump", "nothing was armed")
TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "/home/u/train.py", line 12, in main',
    "    model.fit(train, epochs=2)",
    '  File "/usr/lib/python3.11/site-packages/keras/src/trainer.py", line 9, in fit',
    "    raise ValueError(text)",
]


@pytest.mark.parametrize(
    ("end", "status", "owner"),
    [
        ("ValueError: Shapes do not match", ExitStatus(code=1), "model.fit"),
        ("RuntimeError: can't start new thread", ExitStatus(code=1), "model.fit"),
        ("ValueError: caught and logged\nKilled", ExitStatus(signal=9), None),
    ],
)
def test_the_line_of_a_printed_traceback(
    end: str, status: ExitStatus, owner: str | None
) -> None:
    logs = tuple(make_logs([*TRACEBACK, *end.splitlines()], "stderr", "train.err"))
    culprit = diagnose(Case("linux", status, NONE, NONE, NONE, logs)).verdict.culprit
    assert (culprit.owner if culprit else None) == owner
    if culprit is not None:
        assert culprit.place is not None
        assert culprit.place.line == 12
