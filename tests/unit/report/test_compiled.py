"""Compiled templates are a matter of speed only: no page may depend on them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerascrash.report.templates import find_templates

_RENDER = """
import jinja2.environment as engine
compiled = []
compile = engine.Environment.compile
def counted(self, source, name=None, *rest, **told):
    compiled.append(name)
    return compile(self, source, name, *rest, **told)
engine.Environment.compile = counted
from kerascrash.report.templates import open_environment
names = open_environment().list_templates(extensions=["html"])
for name in names:
    open_environment().get_template(name)
print(len(names), len(compiled))
"""


def _compiled(**settings: str) -> tuple[int, int]:
    environment = {**os.environ, **settings}
    for name in set(environment) & {"PYTHONDONTWRITEBYTECODE"} - set(settings):
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-c", _RENDER],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    templates, compiled = map(int, done.stdout.split())
    return templates, compiled


def _kept(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.template"))


def test_each_template_is_compiled_once(tmp_path: Path) -> None:
    templates, compiled = _compiled(PYTHONPYCACHEPREFIX=str(tmp_path))
    assert templates == compiled == len(_kept(tmp_path)) > 10
    assert _compiled(PYTHONPYCACHEPREFIX=str(tmp_path)) == (templates, 0)
    assert not [p for p in tmp_path.rglob("tmp*") if p.is_file()]


@pytest.mark.parametrize("content", [b"", b"j2", b"\x00" * 400, b"half"])
def test_a_damaged_one_is_compiled_again(tmp_path: Path, content: bytes) -> None:
    _compiled(PYTHONPYCACHEPREFIX=str(tmp_path))
    first = _kept(tmp_path)[0]
    whole = first.read_bytes()
    first.write_bytes(content if content != b"half" else whole[: len(whole) // 2])
    assert _compiled(PYTHONPYCACHEPREFIX=str(tmp_path))[1] == 1
    assert first.read_bytes() == whole


def test_nothing_is_written_where_python_writes_nothing(tmp_path: Path) -> None:
    told = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    templates, compiled = _compiled(**told)
    assert templates == compiled
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    templates, compiled = _compiled(PYTHONPYCACHEPREFIX=str(tmp_path / "file"))
    assert templates == compiled


def test_what_another_engine_compiled_is_not_taken(tmp_path: Path) -> None:
    from kerascrash.report.compiled import CompiledTemplates

    ours, theirs = CompiledTemplates(b"escapes"), CompiledTemplates(b"does not")
    text = (find_templates() / "report.html").read_text(encoding="utf-8")
    assert ours.get_source_checksum(text) != theirs.get_source_checksum(text)
    assert ours.get_source_checksum(text) == ours.get_source_checksum(text)
    assert ours.get_source_checksum(text) != ours.get_source_checksum(text + " ")
