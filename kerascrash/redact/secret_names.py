"""
Secrets that are told by the name beside them: ``password=…``, ``--token …``.

A name says little in code (``token = next(stream)``, ``key=len``), so what is a call,
a type, a small number or the name itself is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerascrash.redact.secret_shapes import entropy, looks_random

_STRONG = (
    r"passw(?:or)?d|passwd|passphrase|passcode|\bpwd|secret|api[-_]?key|apikey|"
    r"access[-_]?key|account[-_]?key|private[-_]?key|auth[-_]?key|encryption[-_]?key|"
    r"signing[-_]?key|credential|jwt|webhook|connection[-_]?string|"
    r"token(?!i[sz]|s(?![a-z])|_?(?:id|count|len|type|num)|s?_per|ed)"
)
_LOGIN = r"authorization|\bauth(?!or)|cookie|session[-_]?(?:id|key)|license[-_]?key"
_WEAK = rf"{_LOGIN}|(?<![a-z])key"
_NAME = re.compile(rf"{_STRONG}|{_LOGIN}", re.IGNORECASE)
_NOT_SECRET_KEY = re.compile(
    r"(?:signature|tokens|(?:num|max|min)[-_].*|.*[-_](?:path|file|dir|count|len|size|ids?|"
    r"shape|dim|axis|name|sock|method|type|url|uri)|(?:old)?pwd)$",
    re.IGNORECASE,
)
_KEYED = re.compile(
    rf"(?P<name>{_STRONG}|{_WEAK})(?P<rest>[\w.-]{{0,48}})(?P<close>(?:\\{{0,3}}[\"'\]]){{0,2}})"
    r"(?P<gap>[ \t]{0,8})(?:=>|:=|=(?!=)|%3D|:(?!:))(?P<after>[ \t]{0,8})"
    r"(?:(?P<quote>\\{0,3}[bru]?[\"'])(?P<quoted>[^\"'\n]{1,4000}?)\\{0,3}[\"']"
    r"|(?P<bare>[^\s,;&\"'<>(){}\[\]|]{1,4000}))",
    re.IGNORECASE,
)
_OPTION = re.compile(
    rf"(?<![\w-])--?[\w-]{{0,48}}(?:{_STRONG})[\w-]{{0,48}}"
    r"(?:[\"']?,[ \t]*[\"']|[ \t]+[\"']?)"
    r"(?P<value>[^\s,\"'<>-][^\s,\"'<>]{0,4000})",
    re.IGNORECASE,
)
_SAID = re.compile(
    rf"(?:{_STRONG})[ \t]+(?:is|was)[ \t]+[\"']?(?P<value>[^\s\"',;<>]{{6,400}})",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    rf"(?:{_STRONG})[\w-]{{0,48}}[ \t]+(?P<value>[A-Za-z0-9_-]{{20,400}})(?![\w-])",
    re.IGNORECASE,
)
_IN_WORDS = re.compile(r"[a-z]{7}|[A-Z]{7}|[a-z]_[a-z]")
_HARMLESS_TEXT = """
none null nil true false yes no on off str int bytes bool float object optional any self
default required missing unset empty undefined invalid expired unknown bearer basic
digest redacted masked hidden value query key keys len lambda not is the a an of in for
and or required. denied error failed
"""
_HARMLESS = frozenset(_HARMLESS_TEXT.split())
_CODE = re.compile(r"[A-Za-z_][\w.]*")
_PATH = re.compile(
    r"(?:~|\.{1,2}|<[a-z]+(?:-\d+)?>)?(?:/[\w .@+-]+){2,}/?|[A-Z]:[\\/].*"
)
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,5}(?:\.\d+)?%?|0x[0-9a-fA-F]+")


def find_named(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each value that stands behind a secret's name."""
    for found in _KEYED.finditer(text):
        group = "quoted" if found["quoted"] else "bare"
        if _is_secret(found, group, text):
            yield found.span(group)
    for found in _SAID.finditer(text):
        value = found["value"]
        if re.search(r"\d", value) and not _is_harmless(value):
            yield found.span("value")
    for found in _BESIDE.finditer(text):
        if _is_dense(found["value"]) and not _IN_WORDS.search(found["value"]):
            yield found.span("value")
    for found in _OPTION.finditer(text):
        if not _is_harmless(found["value"]):
            yield found.span("value")


def is_secret_name(name: str) -> bool:
    """Return whether a value of that name (a key, an option) is to be hidden."""
    return bool(_NAME.search(name)) and not _NOT_SECRET_KEY.search(name)


def is_secret_value(value: str) -> bool:
    """Return whether the value of a secret's name is worth hiding."""
    return not _is_harmless(value)


def _is_harmless(value: str) -> bool:
    return (
        value.strip(".:!*").lower() in _HARMLESS
        or not value.strip("*.x-_")
        or bool(_PLAIN_NUMBER.fullmatch(value))
        or (bool(_PATH.fullmatch(value)) and not looks_random(value))
    )


def _is_secret(found: re.Match[str], group: str, text: str) -> bool:
    value = found[group]
    name = found["name"] + found["rest"]
    if _is_harmless(value) or value.lower() in name.lower():
        return False
    strong = re.match(_STRONG, found["name"], re.IGNORECASE) is not None
    if found["name"].lower() == "key" and (found["rest"] or not _is_dense(value)):
        return False
    if _NOT_SECRET_KEY.search(name) and not _is_dense(value):
        # PWD is a folder in an environment, a password in `Uid=sa;Pwd=…`.
        return name.lower() == "pwd" and not re.search(r"[/\\~]", value)
    if group == "quoted":
        return strong or _is_dense(value) or " " not in value
    return _is_secret_bare(found, value, strong, text)


def _is_secret_bare(found: re.Match[str], value: str, strong: bool, text: str) -> bool:
    """An unquoted word may be code: a call, an index, another variable."""
    if text[found.end() : found.end() + 1] in ("(", "[") and _CODE.fullmatch(value):
        return False
    if _CODE.fullmatch(value) and not re.search(r"\d", value):
        # `password=hunter` in a log, but not `token = stream.next` in code.
        return strong and "." not in value and "_" not in value and not found["gap"]
    return strong or _is_dense(value)


def _is_dense(value: str) -> bool:
    """Return whether a value is as mixed as a key is: no word, no plain number."""
    mixed = re.search(r"\d", value) and re.search(r"[A-Za-z]", value)
    return bool(mixed) and len(value) >= 12 and entropy(value) >= 3.0
