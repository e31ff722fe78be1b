"""Damage is data: what can be read is read, and what cannot is named."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump import salvage
from kerascrash.dump.codec import encode_superblock, frame
from kerascrash.dump.contents import Dump
from kerascrash.dump.layout import (
    FLAG_CONTINUED,
    FLAG_MORE,
    FLAG_ZLIB,
    MAX_JSON,
    SUPERBLOCK,
    SUPERBLOCK_SIZE,
    SectionEntry,
)
from kerascrash.dump.reader import read_dump, read_header
from kerascrash.dump.records import EventKind
from kerascrash.dump.writer import DumpWriter
from kerascrash.errors import VersionTooNew

Maker = Callable[..., DumpWriter]
BLOBS_OF_0_1 = (
    "environment", "models", "inventory", "stacks", "pipelines", "limits",
)  # fmt: skip
KEPT = sorted((Path(__file__).parent / "kept").glob("format-*.bin.gz"))


@pytest.mark.parametrize("path", KEPT, ids=lambda p: p.name)
def test_a_dump_of_every_format_version_is_still_read(path: Path) -> None:
    dump = read_dump(path)
    assert dump.damage == []
    assert dump.header.version == int(path.name[len("format-") : -len(".bin.gz")])
    assert (dump.header.pid, dump.header.script) == (4711, "train.py")
    assert (dump.header.state, dump.header.worker) == ("sealed", False)
    assert [s.values["step"] for s in dump.fine] == list(range(34, 100))
    assert dump.coarse[0].values == {"rss": 0, "step": 0, "stage": 5}
    assert [p.step for p in dump.progress] == list(range(92, 100))
    assert dump.events[0].kind is EventKind.CLOCK
    assert dump.events[-1].kind is EventKind.EXCEPTION
    assert len(dump.events[-1].data["traceback"]) == 30
    for name in BLOBS_OF_0_1:
        assert dump.blobs[name].data == {"name": name, "version": 2}
        assert dump.older_blobs[name].data == {"name": name, "version": 1}
    assert len(dump.watch) == 24
    assert dump.stderr == b"Fatal Python error: Aborted\n" * 40
    assert dump.certificate == {"version": 1, "exit": {"signal": 6}}
    assert dump.to_unix(dump.events[0].time_ns) == pytest.approx(
        dump.events[0].data["realtime_ns"] / 1e9, abs=1
    )


def entry_of(path: Path, section: str, name: str = "") -> SectionEntry:
    entries = read_header(path).sections
    return next(e for e in entries if (e.section, e.name) == (section, name))


def patch(path: Path, offset: int, data: bytes) -> None:
    whole = bytearray(path.read_bytes())
    whole[offset : offset + len(data)] = data
    path.write_bytes(whole)


def test_one_bad_slot_costs_one_record(full_dump: Path) -> None:
    entry, whole = entry_of(full_dump, "fine"), read_dump(full_dump)
    patch(full_dump, entry.offset + 5 * entry.slot_size + 50, b"!")
    dump = read_dump(full_dump)
    assert [s.seq for s in dump.fine] == [s.seq for s in whole.fine if s.seq != 6]
    (note,) = dump.damage
    assert (note.where, note.offset) == ("fine", entry.offset + 5 * entry.slot_size)


def test_a_slot_in_the_wrong_place_is_not_believed(full_dump: Path) -> None:
    entry = entry_of(full_dump, "fine")
    data = full_dump.read_bytes()
    second = data[entry.offset + entry.slot_size :][: entry.slot_size]
    patch(full_dump, entry.offset, second)
    dump = read_dump(full_dump)
    assert [s.seq for s in dump.fine] == list(range(2, 41))
    assert [n.where for n in dump.damage] == ["fine"]


def test_a_zeroed_slot_between_others_is_missed(full_dump: Path) -> None:
    entry = entry_of(full_dump, "fine")
    patch(full_dump, entry.offset + 5 * entry.slot_size, bytes(entry.slot_size))
    dump = read_dump(full_dump)
    assert len(dump.fine) == 39
    assert [n.text for n in dump.damage] == ["1 records are missing between others"]


def test_a_damaged_blob_gives_way_to_the_older_copy(full_dump: Path) -> None:
    entry = entry_of(full_dump, "blob", "models")
    patch(full_dump, entry.offset + entry.slot_size + 40, b"!!")
    dump = read_dump(full_dump)
    assert dump.blobs["models"].data["version"] == 1
    assert "models" not in dump.older_blobs
    assert [n.where for n in dump.damage] == ["blob models"]


def test_a_broken_chain_costs_one_record(full_dump: Path) -> None:
    entry, whole = entry_of(full_dump, "events"), read_dump(full_dump)
    last = whole.events[-1]
    offset = (
        entry.offset + (entry.kept + (last.seq - entry.kept) % 24) * entry.slot_size
    )
    patch(full_dump, offset + 40, b"!!")
    dump = read_dump(full_dump)
    assert dump.events == whole.events[:-1]
    assert any("incomplete" in n.text for n in dump.damage)


@pytest.mark.parametrize("which", [0, 1])
def test_one_superblock_is_enough(full_dump: Path, which: int) -> None:
    patch(full_dump, which * SUPERBLOCK_SIZE, bytes(SUPERBLOCK_SIZE))
    dump = read_dump(full_dump)
    assert (dump.header.pid, len(dump.fine)) == (4711, 40)


def test_without_any_header_the_usual_layout_is_tried(full_dump: Path) -> None:
    whole = read_dump(full_dump)
    for which in (0, 1):
        patch(full_dump, which * SUPERBLOCK_SIZE + SUPERBLOCK.size, b"?")
    dump = read_dump(full_dump)
    assert (dump.fine, dump.events, dump.blobs) == (
        whole.fine,
        whole.events,
        whole.blobs,
    )
    assert (dump.header.pid, dump.header.state, dump.header.script) == (-1, "", "")
    assert any("usual layout" in n.text for n in dump.damage)


@pytest.mark.parametrize("keep", [20_000, 40_000, 100_000, 131_000])
def test_a_truncated_file_is_read_to_its_end(full_dump: Path, keep: int) -> None:
    whole = read_dump(full_dump)
    full_dump.write_bytes(full_dump.read_bytes()[:keep])
    dump = read_dump(full_dump)
    assert dump.fine == whole.fine[: len(dump.fine)]
    assert dump.fine
    assert dump.damage


def test_a_zero_tail_is_no_damage(full_dump: Path) -> None:
    entry = entry_of(full_dump, "watch")
    data = full_dump.read_bytes()
    full_dump.write_bytes(data[: entry.offset].ljust(len(data), b"\0"))
    dump = read_dump(full_dump)
    assert (dump.watch, dump.stderr, dump.certificate) == ([], b"", None)
    assert dump.damage == []


def rewrite_header(path: Path, change: Callable[[dict[str, Any]], object]) -> Dump:
    """Change the header as an enemy would, with good checksums, and read the dump."""
    raw = json.loads(json.dumps(read_header(path).raw))
    change(raw)
    for which in (0, 1):
        block = encode_superblock(10 + which, raw).ljust(SUPERBLOCK_SIZE, b"\0")
        patch(path, which * SUPERBLOCK_SIZE, block)
    return read_dump(path)


def set_row(number: int, **columns: int) -> Callable[[dict[str, Any]], object]:
    places = {"offset": 2, "slot_size": 3, "slots": 4, "kept": 5, "fields": 6}

    def change(raw: dict[str, Any]) -> None:
        for name, value in columns.items():
            raw["sections"][number][places[name]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_row(0, offset=-1),
        set_row(0, offset=1 << 62),
        set_row(0, offset=0),
        set_row(1, offset=SUPERBLOCK_SIZE * 2),
        set_row(0, slots=1 << 39),
        set_row(0, slots=-5),
        set_row(0, slots=0),
        set_row(0, slot_size=0),
        set_row(0, slot_size=1),
        set_row(0, slot_size=1 << 39),
        set_row(0, kept=1 << 30),
        set_row(0, fields=99),
        set_row(1, kept=63),
        set_row(0, offset=True),
        lambda raw: raw.update(sections=[None, 5, [], ["fine"]]),
        lambda raw: raw.update(sections={"fine": 1}),
        lambda raw: raw.update(sections=raw["sections"] * 9),
        lambda raw: raw.update(fields=[["rss"] * 300, [1], "rss"]),
        lambda raw: raw.update(fields=None),
        lambda raw: raw["sections"][0].__setitem__(0, "x" * 100),
        lambda raw: raw["sections"][0].__setitem__(0, {"fine": 1}),
        lambda raw: raw["sections"][0].__setitem__(2, 1e300),
    ],
)
def test_a_hostile_section_table_is_damage(
    full_dump: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    dump = rewrite_header(full_dump, change)
    assert any(n.where == "header" for n in dump.damage) or len(dump.damage) > 0
    assert len(dump.fine) + len(dump.coarse) <= 131072 // 64


def test_identity_of_the_wrong_type_is_unknown(full_dump: Path) -> None:
    wrong = {"pid": "4711", "script": 5, "boot_id": [1], "realtime_ns": 1.5}
    header = rewrite_header(full_dump, lambda raw: raw.update(wrong)).header
    assert (header.pid, header.script, header.boot_id) == (-1, "", "")
    assert header.realtime_ns == 0


def test_a_later_versions_section_and_keys_are_passed_over(full_dump: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["sections"][3][0] = "hologram"
        raw["mood"] = "good"

    dump = rewrite_header(full_dump, change)
    assert (dump.progress, dump.damage, dump.header["mood"]) == ([], [], "good")


def with_version(path: Path, version: int, oldest_reader: int, which: int) -> None:
    data = path.read_bytes()
    begin = which * SUPERBLOCK_SIZE
    magic, _, _, size, generation, _ = SUPERBLOCK.unpack_from(data, begin)
    text = data[begin + SUPERBLOCK.size :][:size]
    fixed = (magic, version, oldest_reader, size, generation)
    crc = zlib.crc32(text, zlib.crc32(SUPERBLOCK.pack(*fixed, 0)))
    patch(path, begin, SUPERBLOCK.pack(*fixed, crc))


def test_a_later_version_that_we_cannot_read_is_named(full_dump: Path) -> None:
    for which in (0, 1):
        with_version(full_dump, 7, 7, which)
    with pytest.raises(VersionTooNew, match=r"format version 7.*reads up to 1"):
        read_dump(full_dump)


def test_a_flipped_bit_does_not_make_a_version_too_new(full_dump: Path) -> None:
    for which, version in ((0, 1), (1, 0x41)):
        patch(full_dump, which * SUPERBLOCK_SIZE + 10, bytes([version]))
        patch(full_dump, which * SUPERBLOCK_SIZE + SUPERBLOCK.size, b"?")
    assert len(read_dump(full_dump).fine) == 40


def test_a_later_version_that_we_can_read_is_read(full_dump: Path) -> None:
    for which in (0, 1):
        with_version(full_dump, 7, 1, which)
    assert len(read_dump(full_dump).fine) == 40


def test_an_older_header_is_upgraded(
    full_dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for which in (0, 1):
        with_version(full_dump, 0, 0, which)
    monkeypatch.setitem(salvage.UPGRADES, 0, lambda raw: {**raw, "comm": "new"})
    assert read_dump(full_dump).header.comm == "new"


def write_event(path: Path, payload: bytes, flags: int = 0, sequence: int = 1) -> Dump:
    """Put one record with a good checksum into an otherwise empty dump."""
    entry = entry_of(path, "events")
    place = entry.offset + (sequence - 1) * entry.slot_size
    patch(path, place, frame(sequence, 5, 7, flags, payload))
    return read_dump(path)


BOMB = zlib.compress(b'{"a":"' + b"x" * (64 << 20) + b'"}', 9)


@pytest.mark.parametrize(
    ("payload", "flags"),
    [
        (b"", 0),
        (b"[]", 0),
        (b"nonsense", 0),
        (b'{"a":' * 90, 0),
        (b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", 0),
        (b"\xff\xfe{}", 0),
        (b"{}", FLAG_ZLIB),
        (zlib.compress(b"{}")[:-1], FLAG_ZLIB),
        (b'{"a":1}', FLAG_CONTINUED),
        (b'{"a":1}', FLAG_MORE),
    ],
)
def test_a_record_that_makes_no_sense_is_damage(
    new_dump: Maker, payload: bytes, flags: int
) -> None:
    dump = write_event(Path(new_dump().path), payload, flags)
    assert dump.events == []
    assert [n.where for n in dump.damage] == ["events"]


def test_numbers_out_of_any_range_become_null(new_dump: Maker) -> None:
    text = b'{"a":[NaN,1e999,-Infinity,' + b"9" * 300 + b',1.5,-7],"b":"\\ud800"}'
    (event,) = write_event(Path(new_dump().path), text).events
    assert event.data == {"a": [None, None, None, None, 1.5, -7], "b": "\\ud800"}
    json.dumps(event.data, ensure_ascii=False).encode("utf-8")


@pytest.mark.timeout(60)
def test_a_compressed_bomb_is_damage(new_dump: Maker) -> None:
    path = Path(new_dump(5 << 18).path)
    entry = entry_of(path, "blob", "inventory")
    assert len(BOMB) <= entry.room < MAX_JSON
    patch(path, entry.offset, frame(1, 5, 0, FLAG_ZLIB, BOMB))
    dump = read_dump(path)
    assert dump.blobs == {}
    assert [n.where for n in dump.damage] == ["blob inventory"]


def test_many_values_in_little_text_are_damage(new_dump: Maker) -> None:
    path = Path(new_dump(1 << 20).path)
    for name in ("models", "inventory"):
        entry = entry_of(path, "blob", name)
        packed = zlib.compress(b'{"a":[' + b"[]," * 400_000 + b"1]}", 9)
        patch(path, entry.offset, frame(1, 5, 0, FLAG_ZLIB, packed))
    dump = read_dump(path)
    assert len(dump.blobs) <= 1
    assert dump.damage


def test_unknown_kinds_of_event_keep_their_number(new_dump: Maker) -> None:
    path = Path(new_dump().path)
    patch(path, entry_of(path, "events").offset, frame(1, 5, 999, 0, b'{"a":1}'))
    assert read_dump(path).events[0].kind == 999


def test_samples_of_another_length_are_damage(new_dump: Maker) -> None:
    path = Path(new_dump().path)
    patch(path, entry_of(path, "fine").offset, frame(1, 5, 0, 0, struct.pack("<q", 1)))
    dump = read_dump(path)
    assert (dump.fine, [n.where for n in dump.damage]) == ([], ["fine"])
