"""Settings from the environment, arguments, and the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kerascrash.compare.recorded import blob, mapping, text, whole
from kerascrash.compare.weights import ASIDE, SETTING, of_bytes, of_text
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "environment"
_FACTS = (
    ("container", "container", SETTING),
    ("platform", "platform", SETTING),
    ("machine", "processor", SETTING),
    ("cpu_count", "number of processors", SETTING),
    ("kernel", "kernel", ASIDE),
)


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = blob(a, "environment"), blob(b, "environment")
    if not one or not two:
        return
    settings, others = mapping(one.get("env")), mapping(two.get("env"))
    for name in sorted({*settings, *others}):
        if not str(name).startswith("KERASCRASH"):  # how it was recorded, not what ran
            old, new = text(settings.get(name)), text(others.get(name))
            yield from of_text(_GROUP, str(name), old, new)
    yield from of_text(_GROUP, "arguments", _arguments(one), _arguments(two))
    for key, name, weight in _FACTS:
        old, new = text(one.get(key)), text(two.get(key))
        yield from of_text(_GROUP, name, old, new, weight)
    flags, more = _flags(one), _flags(two)
    lost, gained = " ".join(sorted(flags - more)), " ".join(sorted(more - flags))
    yield from of_text(_GROUP, "processor features", lost, gained, ASIDE)
    total, other = (whole(mapping(e.get("memory")).get("total")) for e in (one, two))
    if total and other:
        most = max(total, other)
        yield from of_bytes(_GROUP, "memory of the machine", (total, other), most)


def _arguments(environment: Mapping[str, Any]) -> str:
    """Return what follows the script on the command line."""
    argv = [str(word) for word in environment.get("argv") or ()]
    script = str(environment.get("script") or "")
    name = script.rsplit("/", 1)[-1]
    at = next((i for i, word in enumerate(argv) if word.endswith(name or "\0")), 0)
    return " ".join(argv[at + 1 :])


def _flags(environment: Mapping[str, Any]) -> set[str]:
    return {str(flag) for flag in environment.get("cpu_flags") or ()}


PART = Part("environment", "settings and machine", _compare)
