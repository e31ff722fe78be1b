"""What evidence this machine will yield: one check per file, found by walking."""

from __future__ import annotations

from kerascrash.cli.doctor._check import GROUPS, Check, Result
from kerascrash.model.walk import load_constants


def load_checks() -> tuple[Check, ...]:
    """Return every check, by group and then by id."""
    checks: tuple[Check, ...] = load_constants(__name__, "CHECK")
    return tuple(
        sorted(checks, key=lambda check: (GROUPS.index(check.group), check.id))
    )


def examine(check: Check) -> Result | None:
    """Return what a check found, None where it does not apply; never raises."""
    try:
        return check.examine()
    except Exception as error:  # the other checks go on
        return Result(
            "missing", f"could not be examined: {type(error).__name__}: {error}"
        )
