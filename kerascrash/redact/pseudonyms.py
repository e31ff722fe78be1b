"""Names that stand for what was taken out: ``<user>``, ``<secret-2>``, ``<dir-14>``."""

from __future__ import annotations

import re

KINDS = (
    *("secret", "user", "host", "home", "project", "python", "dir", "address", "mac"),
    *("mail", "id", "group", "arg", "name"),
)
SPELLED = rf"<(?:{'|'.join(KINDS)})(?:-\d+)?>"
PSEUDONYM = re.compile(SPELLED)


class Pseudonyms:
    """
    Gives the same name for the same value, in order of first sight.

    A number says nothing of the value: nothing can be found by trying guesses, as it
    could with a hash of a short password.
    """

    def __init__(self) -> None:
        self._given: dict[str, dict[str, str]] = {}

    def name(self, kind: str, value: str) -> str:
        """Return the pseudonym of ``value``; one that already is one stays."""
        if PSEUDONYM.fullmatch(value):
            return value
        given = self._given.setdefault(kind, {})
        if value not in given:
            number = len(given) + 1
            given[value] = f"<{kind}-{number}>" if number > 1 else f"<{kind}>"
        return given[value]

    def counts(self) -> dict[str, int]:
        """Return how many different values of each kind were met."""
        return {kind: len(values) for kind, values in sorted(self._given.items())}
