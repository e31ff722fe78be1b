"""A dump written anew: the same records, no byte of the old texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kerascrash.dump.reader import read_dump
from kerascrash.dump.rewrite import rewrite_dump


def upper(value: Any, _what: str) -> Any:
    """Change every text, and make it longer."""
    if isinstance(value, str):
        return f"<{value[::-1].upper()}>" * 2
    if isinstance(value, dict):
        return {key: upper(item, "") for key, item in value.items()}
    return [upper(v, "") for v in value] if isinstance(value, list) else value


def same(value: Any, _what: str) -> Any:
    return value


def test_without_a_change_it_holds_the_same(full_dump: Path, tmp_path: Path) -> None:
    old = read_dump(full_dump)
    path = tmp_path / "new.bin"
    path.write_bytes(rewrite_dump(old, same, old.stderr))
    new = read_dump(path)
    assert new.damage == []
    for name in ("fine", "coarse", "watch", "events", "progress"):
        assert [r[1:] for r in getattr(new, name)] == [
            r[1:] for r in getattr(old, name)
        ]
    assert {n: b.data for n, b in new.blobs.items()} == {
        n: b.data for n, b in old.blobs.items()
    }
    assert (new.stderr, new.certificate) == (old.stderr, old.certificate)
    assert new.header.pid == old.header.pid
    times = [r.time_ns for r in old.fine]
    assert [new.to_unix(t) for t in times] == [old.to_unix(t) for t in times]


def test_longer_texts_fit_and_the_old_ones_are_gone(
    full_dump: Path, tmp_path: Path
) -> None:
    old = read_dump(full_dump)
    path = tmp_path / "new.bin"
    path.write_bytes(rewrite_dump(old, upper, b"other words\n" * 5000))
    new = read_dump(path)
    assert new.damage == []
    assert len(new.stderr) == 60_000
    assert [e.data for e in new.events] == [upper(e.data, "") for e in old.events]
    assert new.header.script == upper(old.header.script, "")


def test_what_lies_between_the_records_is_not_taken_along(
    full_dump: Path, tmp_path: Path
) -> None:
    data = bytearray(full_dump.read_bytes())
    rubbish = os.urandom(16).hex().encode()
    entry = next(
        s for s in read_dump(full_dump).header.sections if s.section == "events"
    )
    # A torn slot, and what an earlier, longer record left behind a short one.
    last = entry.offset + (entry.slots - 1) * entry.slot_size
    data[last + 40 : last + 40 + len(rubbish)] = rubbish
    first_end = entry.offset + entry.slot_size - len(rubbish)
    data[first_end : first_end + len(rubbish)] = rubbish
    full_dump.write_bytes(data)
    new = rewrite_dump(read_dump(full_dump), same, b"")
    assert rubbish in bytes(data)
    assert rubbish not in new


def test_the_same_dump_gives_the_same_bytes(full_dump: Path) -> None:
    dump = read_dump(full_dump)
    assert rewrite_dump(dump, same, b"") == rewrite_dump(dump, same, b"")
