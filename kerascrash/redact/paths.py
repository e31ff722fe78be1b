"""
Paths: the folders of a user become pseudonyms, those of the system stay.

What lies inside a Python installation keeps its end (``<python>/site-packages/…``), and
what lies in the project its place there (``<project>/src/train.py``): the report must
still say which file it was. Of other folders only the last name stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kerascrash.redact.pseudonyms import PSEUDONYM, SPELLED

Name = Callable[[str, str], str]
"""Takes a kind and a value, returns the pseudonym."""

_SEGMENT = r"(?:[^\s'\"`,;:()<>\[\]{}|*?/\\]|" + SPELLED + ")"
_POSIX = re.compile(
    r"(?:(?<=file://)|(?<= -[IL])|(?<![\w.>~/\\]))(?:~\w{0,32})?/(?!\w+:\w)"
    rf"(?:{_SEGMENT}{{1,255}}/){{1,40}}{_SEGMENT}{{0,255}}"
)
_WINDOWS = re.compile(
    r"(?<![\w])(?:[A-Za-z]:|\\\\[^\s\\/'\"<>|]{1,64})[\\/]{1,2}"
    r"(?:[^\\/:*?\"<>|\r\n]{1,128}[\\/]{1,2}){1,40}[^\\/:*?\"'<>|\r\n\s,;)]{0,255}"
)
_SYSTEM = re.compile(
    r"/(?:usr|lib(?:32|64)?|bin|sbin|etc|proc|sys|boot|dev|run|snap|nix/store"
    r"|var/(?:log|lib|run|crash|cache)|Library|System|Applications)(?=/|$)"
    r"|[A-Za-z]:[\\/]+(?:Windows|Program Files(?: \(x86\))?)(?=[\\/]|$)"
    # where well-known libraries are built: their messages name these paths
    r"|/pytorch(?=/)|/tmpfs/src(?=/)|/tensorflow_src(?=/)|[A-Za-z]:[\\/]+tf_jenkins(?=[\\/])",
    re.IGNORECASE,
)
_PRIVATE_SYSTEM = re.compile(r"/run/(?:user|media|mount)/|/usr/(?:home|local/home)/")
_PYTHON = re.compile(
    r".*[\\/](?=(?:site-packages|dist-packages)[\\/])"
    r"|.*[\\/](?=lib[\\/]+python\d(?:\.\d+)?t?[\\/])"
    r"|.*[\\/](?=bin[\\/](?:python|ipython|pip|jupyter|torchrun)[\w.-]*$)"
)
_HOME = re.compile(
    r"(?:/(?:var/|export/|usr/|nfs/|net/|mnt/|data/|private/)?(?:home\d?|Users)/[^/\s'\"]{1,64}"
    r"|/root|[A-Za-z]:[\\/]{1,2}Users[\\/]{1,2}[^\\/\s'\"]{1,64})(?=[\\/]|$)",
    re.IGNORECASE,
)
_FILE = re.compile(r"\w\.\w{1,12}(?:\.(?:gz|zip|bz2|xz|zst))?$")
_TEMPORARY = re.compile(r"/(?:var/)?tmp(?=/)|/dev/shm(?=/)")


def home_of(path: str) -> str:
    """Return the home folder at the beginning of a path, or nothing."""
    found = _HOME.match(path)
    return found.group() if found else ""


def is_system(path: str) -> bool:
    """Return whether a path is one that every machine has."""
    return bool(_SYSTEM.match(path)) and not _PRIVATE_SYSTEM.match(path)


def replace_paths(text: str, name: Name) -> str:
    """Return the text with each path's folders replaced."""
    if "/" in text:
        text = _POSIX.sub(lambda found: replace_path(found.group(), name), text)
    if "\\" in text or ":/" in text:
        text = _WINDOWS.sub(lambda found: replace_path(found.group(), name), text)
    return text


def replace_path(path: str, name: Name) -> str:
    """Return one absolute path with its folders replaced."""
    if "<group" in path:  # a control group's path, done already
        return path
    if _PYTHON.match(path) and not is_system(path):
        return _PYTHON.sub("<python>/", path, count=1)
    if is_system(path) and not _TEMPORARY.match(path):
        return path
    for rule, kind in ((_HOME, "home"), (_TEMPORARY, "")):
        if found := rule.match(path):
            kept = name(kind, found.group()) if kind else found.group()
            return kept + _folders(path[found.end() :], name)
    return _folders(path, name)


def _folders(rest: str, name: Name) -> str:
    """Return ``/a/b/c.txt`` as ``/<dir>/c.txt``; what has no suffix is a folder too."""
    cut = max(rest.rfind("/"), rest.rfind("\\")) + 1
    if not _FILE.search(rest[cut:]):
        cut = len(rest)
    folder, end = rest[:cut], rest[cut:]
    plain = folder.strip("/\\")
    if not plain or PSEUDONYM.fullmatch(plain):
        return rest
    lead = folder[: len(folder) - len(folder.lstrip("/\\"))]
    tail = folder[len(folder.rstrip("/\\")) :]
    return f"{lead}{name('dir', plain)}{tail}{end}"
