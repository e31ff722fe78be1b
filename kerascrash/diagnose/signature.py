"""
The signature of a death: equal for equal deaths, on whatever machine they happen.

It is made of the cause, the factor, the culprit and where that is, with everything
taken out that differs between two runs of the same fault: counts and sizes, batch and
process numbers, folders, line numbers, the digits Keras gives to its layers, and what
only newer Pythons tell of a function (the class it belongs to).
"""

from __future__ import annotations

import hashlib
import re

from kerascrash.model.evidence import Place
from kerascrash.model.verdict import Signature, Verdict

_VERSION = "1"
"""Part of what is hashed: another way to normalise gives other ids."""
_DIGITS = 10
_SIZE = re.compile(r"\d[\d,.]*\s?(?:[KMGTP]i)?B\b")
_NUMBER = re.compile(r"(?<![A-Za-z_\d.])\d[\d,.]*")
_SHAPE = re.compile(r"(?<!\w)(?:\([*, None]+\)|\[[*, ]+\]|\*(?:x\*)+)")
_COUNTED = re.compile(r"(?:^|(?<= of ))\* (\w+?)s?\b")
_PLURAL = re.compile(r"(?<= of )(.*\w)s$")
_SEEN = re.compile(r"^the line last seen running\b.*")
_NUMBERED = re.compile(r"(?<=[A-Za-z])_\d+(?=$|[./\s])")
_CELL = re.compile(r"ipykernel_\d+[/\\][^/\\]+$|^<ipython-input-")
_NUMBERED_FACTORS = frozenset({"model_size", "tensor_ops"})


def signature_of(verdict: Verdict) -> Signature:
    """Return the signature; deaths without a culprit have one of cause and factor."""
    culprit = verdict.culprit
    owner = _stable(culprit.owner) if culprit else ""
    kind = _SEEN.sub("the line that was running", culprit.kind) if culprit else ""
    kind = _stable(kind)
    if verdict.cause == "gpu_oom" or verdict.factor in _NUMBERED_FACTORS:
        owner = _NUMBERED.sub("", owner)  # Keras numbers layers anew in each process
    place = _place(culprit.place if culprit else None)
    parts = (verdict.cause, verdict.factor, owner, kind, place)
    text = "\x1f".join((_VERSION, *parts))
    digest = hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()
    return Signature(digest[:_DIGITS], *parts)


def _stable(text: str) -> str:
    """
    Return a name or kind without its numbers.

    ``list of 1,920 EagerTensors`` → ``list of EagerTensor``, ``fit(batch_size=64)`` →
    ``fit(batch_size=*)``; digits of a name (``float32``, ``x2``) stay.
    """
    starred = _SHAPE.sub("*", _NUMBER.sub("*", _SIZE.sub("~", text)))
    single = _PLURAL.sub(r"\1", _COUNTED.sub(r"\1", starred))
    return " ".join(single.replace(" of shape *", "").split())


def _place(place: Place | None) -> str:
    """Return ``train.py, step``; of a notebook ``cell``: its files have no name."""
    if place is None:
        return ""
    if _CELL.search(place.file):
        return "cell"
    name = re.split(r"[/\\]", place.file)[-1]
    function = place.function.rsplit(".", 1)[-1]
    return name if function in ("", "<module>") else f"{name}, {_stable(function)}"
