"""What the page shows, gathered from the diagnosis; templates only lay it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash import __version__
from kerascrash.model.certainty import STEPS
from kerascrash.model.evidence import Unavailable
from kerascrash.report import words
from kerascrash.report.charts.forecast import build_forecast
from kerascrash.report.charts.timeline import build_timelines
from kerascrash.report.device import device_tables
from kerascrash.report.facts import environment_groups, known_of_death
from kerascrash.report.held import inventory_rows, ledger_bars, model_tables
from kerascrash.report.last_seen import last_seen
from kerascrash.report.layers import layer_view
from kerascrash.report.measures import is_joint, together
from kerascrash.report.missing import all_unavailable, told_damage
from kerascrash.report.plain import mapping, whole
from kerascrash.report.shared import WARNING, replaced_rows
from kerascrash.report.support import LEAST_WEIGHT, has_support
from kerascrash.report.trail import (
    citations,
    citing,
    folded_calls,
    log_views,
    stack_views,
)

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis, Hypothesis

RIVALS = 3
LEAST_CONFIDENCE = 0.01
"""A rival that nothing speaks for is told from here on."""
CLEAN = "clean_exit"


def page_values(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the values that ``templates/report.html`` uses."""
    case, verdict = diagnosis.case, diagnosis.verdict
    sentence, explanation = words.headline(diagnosis)
    stacks = stack_views(case)
    return {
        "version": __version__,
        "least_weight": LEAST_WEIGHT,
        "certainty_steps": STEPS,
        "sentence": sentence,
        "explanation": explanation,
        "verdict": verdict,
        "sure": words.verdict_certainty(verdict),
        "case": case,
        "name": words.script_name(case),
        "ran_for": words.run_time(case),
        "known": known_of_death(case),
        "cause": next((h for h in diagnosis.causes if h.id == verdict.cause), None),
        "factor": _factor(diagnosis),
        "rivals": _rivals(diagnosis),
        "culprit": verdict.culprit,
        "signature": diagnosis.signature,
        "lived": verdict.cause == CLEAN,
        "last_seen": None if verdict.culprit else last_seen(case, stacks),
        "progress": words.progress_text(diagnosis.progress),
        "no_progress": words.NO_PROGRESS,
        "timelines": build_timelines(case),
        "ledgers": ledger_bars(diagnosis),
        "fits": _fits(diagnosis),
        "forecast": build_forecast(diagnosis.forecast),
        "device": device_tables(diagnosis),
        "inventory": inventory_rows(case),
        **model_tables(case),
        "layers": layer_view(diagnosis.layers),
        "remedies": (measures := together(diagnosis.remedies)),
        "joint": [one for one in measures if is_joint(one)],
        "cited": (cited := citations(diagnosis)),
        "cites": citing(cited),
        "file_name": words.file_name,
        "stacks": stacks,
        "folded_calls": folded_calls,
        "logs": log_views(diagnosis),
        "environment": environment_groups(case),
        "damage": told_damage(case),
        "unavailable": all_unavailable(diagnosis),
        "faults": diagnosis.faults,
        "redaction": diagnosis.redaction,
        "sharing_warning": WARNING,
        "replaced": replaced_rows(diagnosis.redaction),
        "children": [
            (words.script_name(child), child.process)
            for child in case.children
            if not isinstance(child.process, Unavailable)
        ],
        "before": lambda time: words.before_death(case, time),
    }


def _factor(diagnosis: Diagnosis) -> Hypothesis | None:
    """Return the factor that is named, None when there is none."""
    named = diagnosis.verdict.factor
    found = (h for h in diagnosis.factors if h.id == named and named != "none")
    return next(found, None)


def _rivals(diagnosis: Diagnosis) -> list[tuple[str, list[Any]]]:
    """Return the best other explanations of how and of why, if they can be at all."""
    verdict = diagnosis.verdict
    ended = "ended" if verdict.cause == CLEAN else "died"
    how = [h for h in diagnosis.causes if h.id != verdict.cause]
    why = [h for h in diagnosis.factors if h.id not in (verdict.factor, "none")]
    return [
        (
            question,
            [*filter(_may_be, rivals[:1]), *filter(has_support, rivals[1:RIVALS])],
        )
        for question, rivals in ((f"How it {ended}", how), ("Why it came to that", why))
    ]


def _may_be(rival: Hypothesis) -> bool:
    """Return whether something speaks for it, or it is likely by itself."""
    return has_support(rival) or rival.confidence >= LEAST_CONFIDENCE


def _fits(diagnosis: Diagnosis) -> dict[str, int] | None:
    """Return the batch that should have fitted instead, and its interval, if known."""
    fits = mapping(diagnosis.forecast.get("fits"))
    ran = whole(diagnosis.forecast.get("batch_size"))
    if ran and (whole(fits.get("batch_size")) or 0) >= ran:
        return None  # the batch was no matter: how large it might be helps nobody
    names = ("batch_size", "low", "high", "limit_bytes")
    found = {name: value for name in names if (value := whole(fits.get(name)))}
    return found if len(found) == len(names) else None
