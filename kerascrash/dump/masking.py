"""
Arguments without secrets: what of a command line may stand in a dump or a report.

Masking is by name (``--token``, ``SLURM_JWT``) and by shape (``hf_…``, credentials in a
URL). A secret with a harmless name and shape is not recognised.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"
_LONGEST_VALUE = 1000
_MOST_ARGUMENTS = 200
SECRET_NAME = re.compile(
    r"token(?!iz|s)|secret|passw|pwd\b|credential|api[-_]?key|access[-_]?key|private|jwt|"
    r"auth(?!or)|cookie|session[-_]?key|signature|\bkey\b",
    re.IGNORECASE,
)
_SECRET_SHAPE = re.compile(
    r"(hf_|sk-|gh[pousr]_|glpat-|xox[abprs]-|AKIA|ya29\.|eyJ)[A-Za-z0-9_\-.]{12,}"
)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]+(?=@)")


def mask_text(text: str) -> str:
    """Return ``text`` with anything of a secret's shape masked, and shortened."""
    masked = _URL_CREDENTIALS.sub(MASK, text[:_LONGEST_VALUE])
    return _SECRET_SHAPE.sub(MASK, masked)


def mask_arguments(arguments: Iterable[str]) -> list[str]:
    """Return command-line arguments, values of secret-looking options masked."""
    shown: list[str] = []
    hide_next = False
    for argument in list(arguments)[:_MOST_ARGUMENTS]:
        name, equals, _ = argument.partition("=")
        if hide_next and not argument.startswith("-"):
            shown.append(MASK)
            hide_next = False
            continue
        hide_next = False
        secret = SECRET_NAME.search(name) if _is_option(name, equals) else None
        if secret and equals:
            shown.append(f"{name}={MASK}")
        else:
            hide_next = bool(secret)
            shown.append(mask_text(argument))
    return shown


def _is_option(name: str, equals: str) -> bool:
    return name.startswith("-") or bool(equals)
