"""A command line: options, numbers and the script stay, other values go."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kerascrash.redact.pseudonyms import PSEUDONYM
from kerascrash.redact.secret_names import is_secret_name

Text = Callable[[str], str]
Name = Callable[[str, str], str]
_PLAIN = re.compile(
    r"-{0,2}\d[\d_.,eExX+*/-]*(?:[KMGT]i?B?)?|true|false|none|auto|yes|no|on|off|[\w-]{0,2}",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"[^=]*\.(?:py|pyw|ipynb|sh)|.*[\\/]?(?:python|kerascrash)[\d.]*(?:\.exe)?"
)
_PLACE = re.compile(r"[~/\\]|[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]+://")
_MASK = "***"


def replace_arguments(arguments: Sequence[object], text: Text, name: Name) -> list[str]:
    """Return the command line with values replaced; secrets by their own pseudonym."""
    shown: list[str] = []
    before = ""
    for argument in map(str, arguments):
        shown.append(_shown(argument, before, text, name))
        before = argument
    return shown


def secret_arguments(arguments: Sequence[object]) -> list[str]:
    """Return the values of options with a secret's name."""
    found: list[str] = []
    before = ""
    for argument in map(str, arguments):
        option, equals, value = argument.partition("=")
        if equals and is_secret_name(option):
            found.append(value)
        elif not argument.startswith("-") and _takes_secret(before):
            found.append(argument)
        before = argument
    return [value for value in found if value and value != _MASK]


def _takes_secret(option: str) -> bool:
    return option.startswith("-") and "=" not in option and is_secret_name(option)


def _shown(argument: str, before: str, text: Text, name: Name) -> str:
    option, equals, value = argument.partition("=")
    if equals and re.fullmatch(r"-{0,2}[A-Za-z][\w.-]*", option):
        kind = "secret" if is_secret_name(option) else "arg"
        return f"{text(option)}={_value(value, kind, text, name)}"
    if argument.startswith("-"):
        return text(argument)
    if before == "-m" or _FILE.fullmatch(argument):
        return text(argument)
    kind = "secret" if _takes_secret(before) else "arg"
    return _value(argument, kind, text, name)


def _value(value: str, kind: str, text: Text, name: Name) -> str:
    if value == _MASK or (kind == "arg" and _PLAIN.fullmatch(value)):
        return value
    changed = text(value)
    told = _PLACE.match(value) and changed != value
    return changed if told or PSEUDONYM.fullmatch(changed) else name(kind, value)
