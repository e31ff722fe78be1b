"""
Damage dumps in many ways and read each mutant in a process of its own.

    python mutants.py DUMP SEED COUNT

Prints one JSON object: how many were read, refused, and what went wrong. A process
has little memory and little time: a mutant must not buy work with a few bytes.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import signal
import sys
import tempfile
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kerascrash.cli import dump_view
from kerascrash.dump.codec import decode_superblock, encode_superblock, frame, unframe
from kerascrash.dump.contents import Dump
from kerascrash.dump.layout import SUPERBLOCK_SIZE
from kerascrash.dump.reader import read_dump
from kerascrash.dump.section_table import decode_sections
from kerascrash.errors import NotADump, VersionTooNew

MEMORY = 256 << 20  # beyond what the interpreter has mapped already
SECONDS = 20
NUMBERS: tuple[Any, ...] = (
    -1,
    0,
    1,
    2**31,
    2**32,
    2**63,
    2**64,
    1e300,
    -(2**70),
    None,
    "x",
    [],
    {},
)
READ, REFUSED, TOO_NEW, INVENTED, RAISED = 0, 3, 4, 5, 6

Mutator = Callable[[bytearray, random.Random], None]


def flip_bits(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 8, 200))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def flip_in_header(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 4, 40))):
        data[rng.randrange(2 * SUPERBLOCK_SIZE)] ^= 1 << rng.randrange(8)


def truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def zero_range(data: bytearray, rng: random.Random) -> None:
    begin = rng.randrange(len(data))
    end = min(len(data), begin + rng.choice((1, 64, 4096, 1 << 20)))
    data[begin:end] = bytes(end - begin)


def fill_range(data: bytearray, rng: random.Random) -> None:
    begin = rng.randrange(len(data))
    end = min(len(data), begin + rng.choice((1, 64, 4096, 1 << 15)))
    data[begin:end] = rng.randbytes(end - begin)


def move_range(data: bytearray, rng: random.Random) -> None:
    begin, to = rng.randrange(len(data)), rng.randrange(len(data))
    size = min(rng.choice((256, 512, 4096)), len(data) - max(begin, to))
    data[to : to + size] = data[begin : begin + size]


def shift(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    data[place:place] = rng.randbytes(rng.choice((1, 2, 512)))


def header_of(data: bytearray) -> dict[str, Any]:
    block = decode_superblock(data, 0)
    assert block is not None
    header: dict[str, Any] = json.loads(block.text or b"")
    return header


def forge_header(data: bytearray, rng: random.Random) -> None:
    """Change numbers of the header as an enemy would: with a good checksum."""
    header = header_of(data)
    for _ in range(rng.randint(1, 4)):
        row = rng.choice(header["sections"])
        if rng.random() < 0.7:
            row[rng.randrange(len(row))] = rng.choice(NUMBERS)
        elif rng.random() < 0.5:
            row[2:6] = rng.choice(header["sections"])[2:6]
        else:
            header[rng.choice(list(header))] = rng.choice(NUMBERS)
            if not isinstance(header["sections"], list):
                break
            header["sections"] = header["sections"] or [[]]
    for which in (0, 1):
        block = encode_superblock(9 + which, header).ljust(SUPERBLOCK_SIZE, b"\0")
        data[which * SUPERBLOCK_SIZE : (which + 1) * SUPERBLOCK_SIZE] = block


def forge_slots(data: bytearray, rng: random.Random) -> None:
    """Write records with good checksums and senseless contents."""
    sections, _ = decode_sections(header_of(data), len(data))
    bomb = zlib.compress(b"[" * (1 << 20))
    for _ in range(rng.randint(1, 20)):
        entry = rng.choice(sections)
        offset = entry.offset + rng.randrange(entry.slots) * entry.slot_size
        old = unframe(data, offset, entry.slot_size)
        payload = rng.choice(
            (b"", b"{}", b"[]", b"[" * 150, bomb, rng.randbytes(100))
            + ((old.payload, old.payload[:-1]) if old else ())
        )[: entry.room]
        sequence = old.sequence if old else rng.choice((1, 2, 2**40, 2**64 - 1))
        time_ns, kind = rng.choice((0, 5, 2**64 - 1)), rng.choice((0, 7, 9, 65535))
        slot = frame(sequence, time_ns, kind, rng.randrange(8), payload)
        data[offset : offset + len(slot)] = slot


MUTATORS: tuple[Mutator, ...] = (
    flip_bits, flip_in_header, truncate, zero_range, fill_range, move_range, shift,
    forge_header, forge_slots,
)  # fmt: skip
FORGERS = (forge_header, forge_slots)


def records_of(dump: Dump) -> set[str]:
    """Return every record as text, so that an invented one is seen."""
    lists = (dump.fine, dump.coarse, dump.watch, dump.events, dump.progress)
    found = {repr(record) for records in lists for record in records}
    return found | {repr(dump.blobs), repr(dump.older_blobs), repr(dump.certificate)}


def read_mutant(path: Path, known: set[str], honest: bool) -> int:
    try:
        dump = read_dump(path)
    except NotADump:
        return REFUSED
    except VersionTooNew:
        return TOO_NEW
    for line in dump_view.as_text(dump, 50):
        assert "\x1b" not in line
    json.dumps(dump_view.as_json(dump), ensure_ascii=False).encode()
    lists = (dump.fine, dump.coarse, dump.watch, dump.events, dump.progress)
    invented = {repr(r) for records in lists for r in records} - known
    return INVENTED if honest and invented else READ


def in_own_process(path: Path, known: set[str], honest: bool) -> int:
    """Return the exit code of a process that reads one mutant; -n for signal n."""
    pid = os.fork()
    if not pid:
        code = RAISED
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            mapped = pages * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY,) * 2)
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            signal.alarm(3 * SECONDS)
            code = read_mutant(path, known, honest)
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    original = Path(sys.argv[1]).read_bytes()
    first, count = int(sys.argv[2]), int(sys.argv[3])
    outcomes: Counter[str] = Counter()
    known = records_of(read_dump(sys.argv[1]))
    wrong: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.bin"
        for seed in range(first, first + count):
            rng = random.Random(seed)
            mutators = rng.sample(MUTATORS, rng.choice((1, 1, 2)))
            data = bytearray(original)
            try:
                for mutate in mutators:
                    mutate(data, rng)
            except (AssertionError, ValueError, IndexError):
                continue  # the first mutation left nothing for the second
            packed = gzip.compress(data, 1) if rng.random() < 0.1 else bytes(data)
            path.write_bytes(packed)
            honest = not set(FORGERS) & set(mutators)
            code = in_own_process(path, known, honest)
            outcomes[str(code)] += 1
            if code not in (READ, REFUSED, TOO_NEW):
                wrong.append([seed, [m.__name__ for m in mutators], code])
    print(json.dumps({"outcomes": outcomes, "wrong": wrong}))


if __name__ == "__main__":
    main()
