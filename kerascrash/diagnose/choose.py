"""Choose what to name among weighed hypotheses, and when to name nothing."""

from __future__ import annotations

from kerascrash.model.certainty import LEAST_TO_BLAME
from kerascrash.model.verdict import Hypothesis

_LEAST_SECOND = 2.1  # nats that findings must add before a second factor is named


def best(hypotheses: tuple[Hypothesis, ...], otherwise: str) -> tuple[str, float]:
    """Return id and confidence of the leading hypothesis."""
    top = hypotheses[0] if hypotheses else None
    return (top.id, top.confidence) if top else (otherwise, 0.0)


def blamed_factor(factors: tuple[Hypothesis, ...]) -> tuple[str, float]:
    """Return the leading factor; one that is not even likely is not blamed."""
    name, confidence = best(factors, "none")
    if name != "none" and confidence < LEAST_TO_BLAME:
        top = factors[0]
        # Two factors that share the blame are both real: the first stands.
        real = [f.confidence for f in factors if f.id != "none"]
        shared = sum(real[:2])
        if shared < LEAST_TO_BLAME or not top.supporting:
            none = next((f.confidence for f in factors if f.id == "none"), 0.0)
            return "none", none
    return name, confidence


def second_factor(factors: tuple[Hypothesis, ...], first: str) -> str:
    """Return the runner-up if findings of its own speak for it, else ``none``."""
    if first == "none":
        return "none"
    for one in factors:
        if one.id in (first, "none"):
            continue
        gain = sum(w.weight for w in (*one.supporting, *one.contradicting))
        return one.id if gain >= _LEAST_SECOND else "none"
    return "none"
