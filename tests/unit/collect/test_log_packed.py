"""Logs as they are kept: packed, on a device, in a file of another tool."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from kerascrash.collect.log_packed import unpack
from kerascrash.collect.log_text import read_log_file, read_log_stream

TEXT = b"".join(b"Epoch %d/900\n" % n for n in range(900)) + b"Segmentation fault\n"
PACKERS = (gzip.compress, lzma.compress, bz2.compress)


@pytest.mark.parametrize("pack", PACKERS)
def test_a_packed_log_is_read_like_a_plain_one(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "train.log.1"
    path.write_bytes(pack(TEXT[:5000]) + pack(TEXT[5000:]))  # rotated and appended
    (from_file,) = read_log_file(path, "stderr")
    stream, packed = unpack(io.BufferedReader(io.BytesIO(path.read_bytes())))
    (from_pipe,) = read_log_stream(stream, "stderr", "standard input")
    assert packed
    assert from_file.lines == from_pipe.lines
    assert from_file.lines[-1].text == "Segmentation fault"


@pytest.mark.parametrize("pack", PACKERS)
def test_what_is_cut_off_is_read_as_far_as_it_goes(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    # bzip2 gives whole blocks of 900 kB only, so there must be some before the cut.
    chance = random.Random(7)
    steps = b"".join(b"loss %.12f\n" % chance.random() for _ in range(200_000))
    packed = pack(b"Segmentation fault\n" + steps + b"Bus error\n")
    path = tmp_path / "cut"
    path.write_bytes(packed[: len(packed) // 2])
    (log,) = read_log_file(path, "stderr")
    said = {line.text for line in log.lines}
    assert "Segmentation fault" in said
    assert "Bus error" not in said


def test_plain_text_is_left_as_it_is() -> None:
    stream, packed = unpack(io.BufferedReader(io.BytesIO(b"BZ, hello\n")))
    assert (stream.read(), packed) == (b"BZ, hello\n", False)


@pytest.mark.parametrize(
    ("head", "tool"), [(b"\x28\xb5\x2f\xfd", "zstdcat"), (b"LPKSHHRH", "journalctl")]
)
def test_a_format_of_another_tool_names_the_tool(
    head: bytes, tool: str, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    path.write_bytes(head + bytes(100))
    with pytest.raises(OSError, match=tool):
        read_log_file(path, "stderr")


def test_an_endless_device_ends() -> None:
    (log,) = read_log_file("/dev/zero", "stderr")
    assert len(log.lines) == 1
