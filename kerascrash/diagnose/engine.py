"""
From a Case to a Diagnosis: observe, weigh causes, weigh factors, name and advise.

No part may cost the others: what raises is left out and named in ``faults``.
"""

from __future__ import annotations

from dataclasses import replace

from kerascrash.causes import load_causes
from kerascrash.detect import Observed, observe
from kerascrash.diagnose.advice import advise
from kerascrash.diagnose.advice_examples import with_examples
from kerascrash.diagnose.choose import best, blamed_factor, second_factor
from kerascrash.diagnose.culprit import find_culprit
from kerascrash.diagnose.factors import weigh_factors
from kerascrash.diagnose.guard import Guard
from kerascrash.diagnose.progress import progress_lost
from kerascrash.diagnose.resource import MEMORY_CAUSES, memory_findings
from kerascrash.diagnose.signature import signature_of
from kerascrash.diagnose.summary import summarise
from kerascrash.diagnose.weigh import weigh
from kerascrash.estimate.device_ledger import device_ledgers
from kerascrash.estimate.device_rows import allocator_rows
from kerascrash.estimate.forecast_facts import forecast_facts
from kerascrash.estimate.layer_table import layer_table
from kerascrash.estimate.ledger import host_ledger, peak_ledger
from kerascrash.estimate.remedies import remedies_of
from kerascrash.factors import load_factors
from kerascrash.model.case import Case
from kerascrash.model.certainty import certainty_word
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.model.rules import Rule
from kerascrash.model.verdict import (
    Advice,
    Diagnosis,
    Hypothesis,
    Ledger,
    ProgressLost,
    Remedy,
    Verdict,
)

_NOT_OF_MEMORY = frozenset({"none", "environment", "hardware"})
_OF_OTHERS = "kernel_oom_other"


def diagnose(case: Case) -> Diagnosis:
    """Return what killed the process, why, and what to do; never raises for a Case."""
    guard = Guard()
    seen = observe(case)
    guard.faults += seen.faults
    causes = weigh(load_causes(), seen.findings, seen.unexamined)
    extra = memory_findings(causes)
    factors = weigh_factors(seen.findings, causes, seen.unexamined)
    progress = ProgressLost()  # of a run that ended well nothing is
    if best(causes, "unknown")[0] != "clean_exit":
        progress = guard.run("progress", lambda: progress_lost(case), progress)
    verdict = _verdict(case, causes, factors, progress, guard)
    remedies = _remedies(case, verdict, guard)
    verdict = replace(verdict, advice=with_examples(verdict.advice, remedies))
    no_ledgers: tuple[Ledger, ...] = ()
    ledgers = guard.run("ledger", lambda: _host_ledgers(case), no_ledgers)
    ledgers += guard.run("device ledgers", lambda: device_ledgers(case), no_ledgers)
    return Diagnosis(
        case=case,
        verdict=verdict,
        causes=causes,
        factors=factors,
        findings=(*seen.findings, *extra),
        evidence=_evidence(seen, verdict),
        progress=progress,
        ledgers=ledgers,
        layers=guard.run("layers", lambda: layer_table(case), None),
        remedies=remedies,
        forecast=guard.run("forecast", lambda: forecast_facts(case), {}),
        allocators=guard.run("allocators", lambda: allocator_rows(case), ()),
        faults=tuple(guard.faults),
        signature=signature_of(verdict),
    )


def _host_ledgers(case: Case) -> tuple[Ledger, ...]:
    """Return the host's at death, then at the peak where that was another moment."""
    found = (host_ledger(case), peak_ledger(case))
    return tuple(ledger for ledger in found if ledger is not None)


def _remedies(case: Case, verdict: Verdict, guard: Guard) -> tuple[Remedy, ...]:
    """Return what each measure would bring where memory was what ran out."""
    nothing: tuple[Remedy, ...] = ()
    if verdict.cause not in MEMORY_CAUSES and verdict.factor in _NOT_OF_MEMORY:
        return nothing
    return guard.run("remedies", lambda: remedies_of(case, verdict.factor), nothing)


def _evidence(seen: Observed, verdict: Verdict) -> tuple[Evidence, ...]:
    """
    Return each fact once, in order of time where it is known.

    Who else was killed for memory belongs to a death of memory only.
    """
    of_memory = verdict.cause in MEMORY_CAUSES or verdict.factor not in _NOT_OF_MEMORY
    told = [one for one in seen.findings if of_memory or one.id != _OF_OTHERS]
    facts = {fact.id: fact for finding in told for fact in finding.evidence}
    last = max((f.time for f in facts.values() if f.time is not None), default=0.0)
    return tuple(
        sorted(facts.values(), key=lambda f: f.time if f.time is not None else last)
    )


def _verdict(
    case: Case,
    causes: tuple[Hypothesis, ...],
    factors: tuple[Hypothesis, ...],
    progress: ProgressLost,
    guard: Guard,
) -> Verdict:
    cause, confidence = best(causes, "unknown")
    factor, factor_confidence = blamed_factor(factors)
    second = second_factor(factors, factor)
    culprit = guard.run("culprit", lambda: find_culprit(case, cause, factor), None)
    rules = _rules(cause, factor, second)
    findings = _findings(causes, factors)
    nothing: tuple[Advice, ...] = ()
    advice = guard.run(
        "advice",
        lambda: advise(case, rules, cause, factor, second, culprit, findings),
        nothing,
    )
    summary = guard.run(
        "summary",
        lambda: summarise(case, cause, confidence, findings, culprit, progress),
        cause,
    )
    return Verdict(
        cause=cause,
        confidence=confidence,
        factor=factor,
        factor_confidence=factor_confidence,
        summary=summary,
        culprit=culprit,
        second_factor=second,
        advice=advice,
        certainty=certainty_word(confidence),
    )


def _findings(*judged: tuple[Hypothesis, ...]) -> dict[str, Finding]:
    return {
        weighed.finding.id: weighed.finding
        for hypotheses in judged
        for hypothesis in hypotheses[:1]
        for weighed in hypothesis.supporting
    }


def _rules(cause: str, factor: str, second: str) -> tuple[Rule, ...]:
    """
    Return the rules whose remedies apply, in order: factor, second factor, cause.

    The environment is many things, so there the cause comes first: it knows which.
    Where memory was not the resource it does too, and a limit of memory that is too
    small for the libraries has nothing to do with it.
    """
    by_id = {rule.id: rule for rule in (*load_causes(), *load_factors())}
    names = [name for name in (factor, second, cause) if name != "none"]
    if factor == "environment" or cause not in MEMORY_CAUSES:
        names = [cause, *(name for name in names if name != cause)]
    if cause not in MEMORY_CAUSES:
        names = [name for name in names if name != "hardware"]
    return tuple(by_id[name] for name in names if name in by_id)
