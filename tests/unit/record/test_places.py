"""Whose code a line is: the user's, the interpreter's or a package's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from kerascrash.record import places
from kerascrash.record.places import caller_place, find_place, is_user_file


@pytest.mark.parametrize(
    ("file", "user"),
    [
        ("/home/me/train.py", True),
        ("train.py", True),
        ("<stdin>", True),
        ("numpy/random/_common.pyx", False),
        ("<ipython-input-3-abc>", True),
        ("<frozen importlib._bootstrap>", False),
        ("<__array_function__ internals>", False),
        ("/x/lib/python3.11/site-packages/keras/src/trainer.py", False),
        ("/usr/lib/python3/dist-packages/numpy/core.py", False),
        (os.__file__, False),
        (places.__file__, False),
    ],
)
def test_files(file: str, user: bool) -> None:
    assert is_user_file(file) is user


def test_packages_installed_elsewhere_are_not_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tf_keras-2.21.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert not is_user_file(str(tmp_path / "tf_keras" / "src" / "model.py"))
    assert is_user_file(str(tmp_path / "mymodel" / "train.py"))
    assert is_user_file(str(tmp_path / "train.py"))


def test_the_innermost_user_frame_is_the_place() -> None:
    here = caller_place(1)
    assert here is not None
    assert (here["file"], here["function"].rpartition(".")[2]) == (
        __file__,
        "test_the_innermost_user_frame_is_the_place",
    )
    assert find_place(None) is None
    assert caller_place(10_000) is None


@pytest.mark.parametrize(
    ("file", "named"), [("<frozen runpy>", False), (os.__file__, True)]
)
def test_what_stands_in_where_no_frame_is_the_users(file: str, named: bool) -> None:
    """The interpreter's own start-up code is no place that anybody could go to."""
    names: dict[str, Any] = {}
    exec(compile("def run():\n    yield\n", file, "exec"), names)
    waiting = names["run"]()
    next(waiting)
    assert (find_place(waiting.gi_frame) is not None) is named
