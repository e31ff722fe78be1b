"""An exception is named by the part of the line that raised it, not by ``print``."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from kerascrash.diagnose.raised_part import raised_part
from kerascrash.model.evidence import Place
from kerascrash.record.tracebacks import describe_exception

RAISING = {
    "print(x[k])": ("x[k]", "KeyError"),
    "print(len(x), other.get('a')[k])": ("other.get('a')[k]", "TypeError"),
    "print('ä', 1 / zero, x)": ("1 / zero", "ZeroDivisionError"),
    "kept.append(open('missing/file'))": ("open", "FileNotFoundError"),
    "kept.append(int(refuse(x)))": ("refuse", "ValueError"),
    "print(kept.size)": ("kept.size", "AttributeError"),
    "raise RuntimeError(str(x))": ("work", "RuntimeError"),
}
SCRIPT = """
x, k, zero, kept, other = {}, "loss", 0, [], {}

def refuse(value):
    raise ValueError("no")

def work():
    LINE

work()
"""


def recorded(line: str, folder: Path) -> dict[str, Any]:
    """Return what the recorder keeps of a script that the line ends."""
    script = folder / "train.py"
    script.write_text(textwrap.dedent(SCRIPT).replace("LINE", line))
    try:
        exec(compile(script.read_text(), str(script), "exec"), {})
    except Exception as error:
        return describe_exception(error, error.__traceback__, "MainThread")
    raise AssertionError("the line did not raise")


def told(data: dict[str, Any], line: str, *, deeper: bool = False) -> str:
    """Return the part named at the recorded place, or at the line that is given."""
    file, number = data["place"]["file"], 8
    rows = ((number, f"    {line}"),)
    if deeper:  # the innermost line is that of the function that was called
        data = {**data, "place": {**data["place"], "columns": None}}
    return raised_part(data, Place(file, number, "work", rows))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="columns came with 3.11")
@pytest.mark.parametrize("line", [line for line in RAISING if "refuse" not in line])
def test_the_columns_of_the_traceback_name_the_part(line, tmp_path) -> None:
    data = recorded(line, tmp_path)
    assert data["place"]["columns"]
    assert told(data, line) == RAISING[line][0]
    assert data["type"] == RAISING[line][1]


@pytest.mark.parametrize(
    "line",
    [line for line in RAISING if not line.startswith(("print(len", "kept.append(o"))],
)
def test_without_columns_the_kind_and_the_traceback_tell(line, tmp_path) -> None:
    data = recorded(line, tmp_path)
    assert told(data, line, deeper=True) == RAISING[line][0]


def test_where_several_parts_may_have_raised_the_line_is_named(tmp_path) -> None:
    line = "kept.append(open('missing/file'))"
    data = recorded(line, tmp_path)
    assert told(data, line, deeper=True) == line


def test_what_is_called_is_named_without_a_long_list_of_arguments() -> None:
    line = (
        "threading.Thread(target=self.closing.wait, name='a worker', daemon=1).start()"
    )
    rows = ((8, line),)
    below = ["/usr/lib/python3.11/threading.py", 957, "start", ""]
    data = {"type": "RuntimeError", "traceback": [["train.py", 8, "work", ""], below]}
    told = raised_part(data, Place("train.py", 8, "work", rows))
    assert told == "threading.Thread(...).start"


@pytest.mark.parametrize("columns", [[-7, 3], ["a", None], [9, 4], [5], "x[k]"])
def test_columns_of_a_damaged_dump_do_no_harm(columns, tmp_path) -> None:
    data = recorded("print(x[k])", tmp_path)
    data["place"]["columns"] = columns
    assert told(data, "print(x[k])") == "x[k]"
