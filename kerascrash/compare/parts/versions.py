"""Python and the packages that both runs had loaded."""

from __future__ import annotations

from collections.abc import Iterable

from kerascrash.compare.recorded import blob, mapping, text
from kerascrash.compare.weights import of_versions
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "versions"
_OURS = frozenset({"kerascrash"})


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = blob(a, "environment"), blob(b, "environment")
    if not one or not two:
        return
    yield from of_versions(
        _GROUP, "Python", text(one.get("python")), text(two.get("python"))
    )
    packages, others = mapping(one.get("packages")), mapping(two.get("packages"))
    for name in sorted({*packages, *others} - _OURS):
        old, new = text(packages.get(name)), text(others.get(name))
        yield from of_versions(_GROUP, str(name), old, new)


PART = Part("versions", "versions", _compare)
