"""What a redacted report says of itself: what was replaced, and what is still in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash.units import count_of

if TYPE_CHECKING:
    from kerascrash.model.redaction import Redaction

_WORDS = {
    "secret": "secrets: keys, tokens, passwords",
    "user": "names of users",
    "host": "names of hosts",
    "home": "home folders",
    "project": "folders of the project",
    "python": "folders of the Python installation",
    "dir": "other folders",
    "address": "IP addresses",
    "mac": "hardware addresses",
    "mail": "mail addresses",
    "id": "identifiers: boot, job, device",
    "group": "names of control groups",
    "arg": "values on the command line",
    "name": "names in the program",
}
WARNING = (
    "A secret without a telling name or shape is not recognised: read this before you "
    "publish it."
)


def replaced_rows(redaction: Redaction | None) -> list[tuple[str, str, int, int]]:
    """Return pseudonym, meaning, number of values and of texts for each kind."""
    if redaction is None:
        return []
    return [
        (f"<{row.kind}>", _WORDS.get(row.kind, row.kind), row.values, row.texts)
        for row in redaction.replaced
    ]


def replaced_line(redaction: Redaction) -> str:
    """Return what was replaced in one line."""
    found = ", ".join(
        f"{values} {pseudonym}" for pseudonym, _, values, _ in replaced_rows(redaction)
    )
    texts = count_of(sum(row.texts for row in redaction.replaced), "text")
    return f"replaced in {texts}: {found}" if found else "nothing was found to replace"
