"""Find the dumps of a process's armed children."""

from __future__ import annotations

import os

from kerascrash.collect.bundle_facts import bundle_children
from kerascrash.dump.contents import Dump
from kerascrash.dump.reader import read_header
from kerascrash.dump.records import EventKind
from kerascrash.errors import DumpError

_MOST = 64
_MOST_LOOKED_AT = 400


def child_paths(path: str, dump: Dump) -> list[str]:
    """
    Return the children's dumps: named in events and certificate, or naming this one.

    Only files in the dump's own folder are read, whatever the dump says; a bundle has
    them inside.
    """
    if inside := bundle_children(path):
        return inside[:_MOST]
    folder = os.path.dirname(os.path.abspath(path))
    own = os.path.basename(path)
    named = {
        os.path.basename(str(event.data["dump"]))
        for event in dump.events
        if event.kind == EventKind.CHILD and event.data.get("dump")
    }
    found = [name for name in sorted(named) if name != own]
    found += [name for name in _naming(folder, own) if name not in named]
    paths = [os.path.join(folder, name) for name in found]
    return [one for one in paths if os.path.isfile(one)][:_MOST]


def _naming(folder: str, own: str) -> list[str]:
    """Return dumps in the folder whose header names this one as the parent's."""
    try:
        names = sorted(n for n in os.listdir(folder) if n.endswith(".bin") and n != own)
    except OSError:
        return []
    children = []
    for name in names[-_MOST_LOOKED_AT:]:
        try:
            parent = read_header(os.path.join(folder, name)).parent_dump
        except DumpError:
            continue
        if parent and os.path.basename(parent) == own:
            children.append(name)
    return children
