"""Numbers and times as the report says them, the same in every format."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import PurePath
from typing import TYPE_CHECKING

from kerascrash.model.certainty import certainty_word
from kerascrash.model.evidence import Unavailable
from kerascrash.units import format_bytes, format_seconds, line_in_words

if TYPE_CHECKING:
    from kerascrash.model.case import Case
    from kerascrash.model.evidence import Place
    from kerascrash.model.verdict import (
        Advice,
        Culprit,
        Diagnosis,
        ProgressLost,
        Verdict,
    )

UNKNOWN = "unknown"
NO_PROGRESS = (
    "No step of Keras had begun and no checkpoint was seen. What a loop of your own "
    "had done is lost unless it saved something."
)


def verdict_certainty(verdict: Verdict) -> str:
    """Return the engine's own words if it gave any."""
    return verdict.certainty or certainty_word(verdict.confidence)


def percent(share: float) -> str:
    """Return ``98 %``; neither 0 nor 100 is claimed for what is merely close."""
    if 0.995 <= share < 1:
        return "> 99 %"
    if 0 < share < 0.005:
        return "< 1 %"
    if share < 0:
        return f"−{-100 * share:.0f} %" if share <= -0.005 else "0 %"
    return f"{100 * share:.0f} %"


def utc(time: float | None, *, date: bool = True) -> str:
    """Return Unix seconds as ``2026-11-23 14:03:22 UTC``, or ``14:03:22.150``."""
    if time is None:
        return UNKNOWN
    try:
        moment = datetime.fromtimestamp(time, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return UNKNOWN
    if date:
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def before_death(case: Case, time: float | None) -> str:
    """Return how long before (or after) the death something happened, or ""."""
    if time is None or case.death is None:
        return ""
    apart = case.death - time
    return f"{format_seconds(abs(apart))} {'before' if apart >= 0 else 'after'}"


def script_name(case: Case) -> str:
    """Return what died, as short as a person would say it."""
    process = case.process
    if isinstance(process, Unavailable):
        return "a process"
    name = PurePath(process.script).name or process.comm
    return name or f"process {process.pid}"


def run_time(case: Case) -> str:
    """Return how long the process ran, or ""."""
    process = case.process
    if isinstance(process, Unavailable) or process.start is None or case.death is None:
        return ""
    return format_seconds(max(0.0, case.death - process.start))


def file_name(source: str) -> str:
    """Return a source as a table has room for it: of a path only the file's name."""
    return re.split(r"[\\/]", source)[-1] or source


def place_text(place: Place | None) -> str:
    """Return ``train.py:41``, ``In [7], line 3`` or ""."""
    return line_in_words(PurePath(place.file).name, place.line) if place else ""


def effect(advice: Advice) -> str:
    """Return the predicted effect of an advice in words."""
    if advice.saves_bytes is None:
        return ""
    return f"saves about {format_bytes(advice.saves_bytes)}"


def held_word(culprit: Culprit) -> str:
    """Return what became of the culprit's bytes: not all of them were ever had."""
    if culprit.kind.endswith(("refused", "did not fit")):
        return "asked for"
    if culprit.is_batch:
        return "needed in all"
    asks = ("made by one line", "model being built")
    return "needed" if culprit.kind.startswith(asks) else "held"


def size_text(culprit: Culprit) -> str:
    """Return what follows the culprit's kind: its bytes, if they are known."""
    if culprit.bytes is None:
        return ""
    sign = ", needs about" if culprit.is_batch else " ="
    return f"{sign} {format_bytes(culprit.bytes)}"


def each(culprit: Culprit) -> str:
    """Return what the culprit's growth goes with: a step, or what was counted."""
    unit = culprit.pace[1]
    return "at each step" if unit == "step" else f"with each {unit}"


def headline(diagnosis: Diagnosis) -> tuple[str, str]:
    """Return the verdict's first line as a sentence, and the line that explains it."""
    first, *rest = diagnosis.verdict.summary.strip().splitlines() or [""]
    lost = progress_text(diagnosis.progress)  # has its own place in every report
    why = [line.strip() for line in rest if line.strip() not in lost]
    told = " ".join(why) or _strongest(diagnosis)
    return capital(first.strip() or "cannot tell how it died."), told


def _strongest(diagnosis: Diagnosis) -> str:
    """Return what speaks most for the factor, where no culprit could be named."""
    named = diagnosis.verdict.factor
    factor = next((h for h in diagnosis.factors if h.id == named != "none"), None)
    if factor is None or not factor.supporting:
        return ""
    return f"{capital(factor.supporting[0].finding.text.rstrip('.'))}."


def capital(text: str) -> str:
    """Return the text with its first letter large, unless it begins with a name."""
    word = text.split(" ", 1)[0]
    plain = word.rstrip(",:;.").isalpha() and word.islower()
    return text[0].upper() + text[1:] if plain else text


def progress_text(lost: ProgressLost) -> str:
    """Return where the training stood, in the engine's words or from the numbers."""
    if lost.text:
        return lost.text
    where = [f"Died during {lost.stage}"] if lost.stage else []
    if lost.epoch is not None:
        where.append(f"epoch {lost.epoch + 1:,}")
    if lost.step is not None:
        where.append(f"after {lost.step:,} steps in all")
    if not where:
        return ""
    saved = (
        f"Last checkpoint: `{lost.checkpoint}`."
        if lost.checkpoint
        else ("No checkpoint was seen: the work of this run is lost.")
    )
    return f"{', '.join(where)}. {saved}"
