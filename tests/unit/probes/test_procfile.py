"""Kernel files kept open; a descriptor that is not ours any more is left alone."""

from __future__ import annotations

import os
from pathlib import Path

from kerascrash.probes.procfile import ProcFile, parse_table, pick_numbers


def test_the_present_content_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "limit"
    path.write_text("100\n")
    file = ProcFile(str(path))
    assert file.read_int() == 100
    with path.open("r+") as out:
        out.write("max\n")
    assert file.read_int() is None
    file.close()


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    file = ProcFile(str(tmp_path / "none"))
    assert (file.is_open, file.read(), file.read_int()) == (False, b"", None)
    file.close()


def test_a_number_that_the_user_took_over_is_not_closed(tmp_path: Path) -> None:
    (tmp_path / "ours").write_text("1")
    (tmp_path / "theirs").write_text("2")
    file = ProcFile(str(tmp_path / "ours"))
    number = file._fd
    os.close(number)
    theirs = os.open(tmp_path / "theirs", os.O_RDONLY)
    assert theirs == number
    file.close()
    assert os.read(theirs, 1) == b"2"
    os.close(theirs)


def test_numbers_are_picked_by_the_key_that_begins_a_line() -> None:
    values: dict[str, int] = {}
    text = b"Name:\tVmRSS: 1\nVmRSS:\t  12 kB\nVmSwap:\tnone\n"
    pick_numbers(text, {b"VmRSS:": "rss", b"VmSwap:": "swap"}, values, 1024)
    assert values == {"rss": 12 * 1024}


def test_a_table_leaves_out_what_is_no_number() -> None:
    assert parse_table(b"low 0\nmax 26\nodd\ntext here\n") == {b"low": 0, b"max": 26}
