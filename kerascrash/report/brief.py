"""The verdict in three lines, as it is printed after a death."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from kerascrash.report import words
from kerascrash.report.safe_text import safe_line

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis

LONGEST = 300
SURE = 0.9
"""Below this confidence the line says how sure it is."""


def render(diagnosis: Diagnosis, dump: str = "") -> str:
    """Return two or three lines; ``dump`` is the path for the command of the third."""
    verdict = diagnosis.verdict
    first, *rest = verdict.summary.strip().splitlines() or [""]
    first = safe_line(first or "cannot tell how it died.", LONGEST)
    if 0 < verdict.confidence < SURE:
        sure = words.verdict_certainty(verdict)
        first += f" ({sure}, {words.percent(verdict.confidence)})"
    why = (rest or [""])[0].strip() or words.progress_text(diagnosis.progress)
    lines = [f"kerascrash: {first}"]
    if why:
        lines.append(f"  {safe_line(why, LONGEST)}")
    if dump:
        command = f"kerascrash report {shlex.quote(dump)}"
        lines.append(f"  Full report: {safe_line(command, 4096)}")
    return "\n".join(lines) + "\n"


def one_line(diagnosis: Diagnosis) -> str:
    """Return the verdict as one line for a list."""
    sentence, _ = words.headline(diagnosis)
    return safe_line(sentence, LONGEST)
