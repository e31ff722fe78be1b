"""Advice and measures together: the line to change, and measures nobody named yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kerascrash.diagnose.advice_levers import lever_of
from kerascrash.model.verdict import Advice, Remedy

_BY_LEVER = {
    "batch": "smaller_batch",
    "accumulation": "gradient_accumulation",
    "precision": "half_precision",
    "slots": "leaner_optimizer",
    "stream": "streaming",
    "dtype": "narrower_data",
    "limit": "bigger_limit",
    "layers": "smaller_layer",
    "buffers": "smaller_buffers",
}
_WORDS = {
    "fewer_filters": "Make the largest convolution smaller.",
    "fewer_workers": "Use fewer workers.",
    "half_precision": "Compute in half precision.",
    "leaner_optimizer": "Use an optimizer that keeps fewer copies of the weights.",
    "narrower_data": "Store the data in float32.",
    "rematerialisation": "Compute activations again in the backward pass.",
    "smaller_buffers": "Make the input pipeline's buffer smaller.",
    "streaming": "Stream the data.",
}
_MOST, _MORE = 8, 3


def with_examples(
    advice: Iterable[Advice], remedies: tuple[Remedy, ...]
) -> tuple[Advice, ...]:
    """
    Return the advice, each with its line as it would be, and up to three more.

    What the measures contradict is left out. What is added helps by the forecast and
    pulls at a lever that nobody named; the order stays, so that what answers the factor
    comes first.
    """
    by_id = {one.id: one for one in remedies}
    told = [_judged(one, by_id) for one in advice]
    said = [one for one in told if one is not None]
    named = {_BY_LEVER.get(lever_of(one.action)) for one in said}
    more = [
        Advice(_WORDS[one.id], _sentence(one), one.saves_bytes, one.place, one.example)
        for one in remedies
        if one.helps == "yes" and one.id in _WORDS and one.id not in named
    ]
    if not any(one.saves_bytes for one in said):
        return tuple(said)  # nothing of this case could be sized: general words only
    return tuple([*said, *more[:_MORE]][:_MOST])


def _judged(advice: Advice, by_id: dict[str, Remedy]) -> Advice | None:
    """Return the advice with its line; None for one that the evidence contradicts."""
    remedy = by_id.get(_BY_LEVER.get(lever_of(advice.action), ""))
    if remedy is None or advice.example:
        return advice
    # What the blamed factor's own evidence sized stands; half precision is sized by
    # the model alone.
    own = advice.saves_bytes is not None and remedy.id != "half_precision"
    if remedy.helps == "no":
        return advice if own else None
    if remedy.helps == "cannot tell":
        unsized = replace(advice, saves_bytes=None, detail=_sentence(remedy))
        return unsized if advice.saves_bytes is not None and not own else advice
    at = remedy.place if remedy.place and remedy.place.line else advice.place
    saves = advice.saves_bytes if remedy.saves_bytes is None else remedy.saves_bytes
    return replace(advice, example=remedy.example, place=at, saves_bytes=saves)


def _sentence(remedy: Remedy) -> str:
    return remedy.detail[:1].upper() + remedy.detail[1:]
