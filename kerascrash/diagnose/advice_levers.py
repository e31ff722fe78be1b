"""
What an advice pulls at: one lever is named once, by the advice that sizes it.

A rule's remedies are general ("make the batch smaller"); where the evidence allowed a
figure for the same lever ("use batch_size=128"), the general words only repeat it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kerascrash.model.verdict import Advice

_QUOTED = re.compile(r"`[^`]*`")
_LEVERS = (
    ("anything", r"\buse less memory at once\b"),
    ("accumulation", r"\baccumulat(?:e|ion)\b.*\bgradients?|\bgradient accumulation\b"),
    ("precision", r"\bhalf precision\b"),
    ("limit", r"\braise the (?:pool's )?limit\b|\bask for more memory\b"),
    ("keep", r"^(?:stop keeping|keep a number instead)\b"),
    ("bound", r"^bound the (?:cache|collection|queue)\b"),
    ("stream", r"^(?:stream\b|map the file instead)|\bstream it\b"),
    ("slots", r"\bfewer slots\b"),
    ("layers", r"^shrink (?:the )?layers?\b"),
    ("dtype", r"\bfloat32\b|\bdtype\b"),
    ("buffer", r"\bthe buffer\b"),
    ("cache", r"^cache to a file\b"),
    ("chunks", r"\bin chunks\b"),
    ("shapes", r"\bkeep shapes the same\b"),
    ("batch", r"\bbatch(?:es|_size)?\b"),
)
_PATTERNS = tuple((name, re.compile(text, re.IGNORECASE)) for name, text in _LEVERS)
ANYTHING = "anything"
"""A remedy that lists several levers: said only where no advice is sized."""


def lever_of(action: str) -> str:
    """Return the lever of an advice, "" for one that shares it with no other."""
    said = _QUOTED.sub("", action)  # a user's name says nothing about what to do
    return next((name for name, pattern in _PATTERNS if pattern.search(said)), "")


def without_repeats(
    advice: Iterable[Advice], said: Iterable[Advice], *, sized: bool = False
) -> list[Advice]:
    """
    Return the advice that pulls at no lever of what was said before.

    Alternatives within ``advice`` stay. ``sized``: something said has a figure.
    """
    actions = {one.action for one in said}
    levers = {lever_of(action) for action in actions} - {""}
    if sized:
        levers.add(ANYTHING)
    return [
        one
        for one in advice
        if one.action not in actions and lever_of(one.action) not in levers
    ]
