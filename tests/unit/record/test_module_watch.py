"""Modules are noticed when they are imported, and look as if nobody had."""

from __future__ import annotations

import importlib
import importlib.util
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import EventKind, Stage
from kerascrash.dump.writer import create_dump
from kerascrash.record import module_watch
from kerascrash.record.hook import find_hooks, guarded, load_hook
from kerascrash.record.module_watch import when_imported, when_sought
from kerascrash.record.patching import observe_calls
from kerascrash.record.recorder import Recorder
from kerascrash.record.settings import Settings


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    writer = create_dump(tmp_path / "x.bin", size=1 << 20, identity={})
    yield Recorder(writer, Settings(), "/x/train.py")
    writer.close()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that nobody has imported yet; its submodule ``bad`` fails."""
    folder = tmp_path / "kc_watched"
    folder.mkdir()
    (folder / "__init__.py").write_text("value = 1\n", encoding="utf-8")
    (folder / "bad.py").write_text("raise ImportError('no')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [n for n in sys.modules if n.split(".")[0] == "kc_watched"]:
        del sys.modules[name]
    return "kc_watched"


def events(recorder: Recorder, kind: EventKind) -> list[dict[str, Any]]:
    found = read_dump(recorder.writer.path).events
    return [event.data for event in found if event.kind == kind]


def test_told_once_after_the_modules_code_has_run(
    recorder: Recorder, package: str
) -> None:
    seen: list[int] = []
    when_imported(recorder, "test", package, lambda module: seen.append(module.value))
    module = importlib.import_module(package)
    assert seen == [1]
    importlib.reload(module)
    assert seen == [1]
    plain = importlib.machinery.SourceFileLoader
    assert type(module.__loader__) is type(module.__spec__.loader) is plain


def test_told_at_once_when_it_is_there_already(recorder: Recorder) -> None:
    seen: list[Any] = []
    when_imported(recorder, "test", "json", seen.append)
    assert seen == [sys.modules["json"]]


def test_told_when_an_import_begins_and_not_after_the_end(
    recorder: Recorder, package: str
) -> None:
    seen: list[str] = []
    end = when_sought(recorder, "test", package, lambda: seen.append("stopped"))
    end()
    when_sought(
        recorder,
        "test",
        package,
        lambda: seen.append(f"sought {package in sys.modules}"),
    )
    importlib.import_module(package)
    assert seen == ["sought False"]


def test_to_ask_whether_it_is_installed_is_no_import(
    recorder: Recorder, package: str
) -> None:
    seen: list[str] = []
    when_sought(recorder, "test", package, lambda: seen.append("sought"))
    assert importlib.util.find_spec(package) is not None
    assert seen == []
    importlib.import_module(package)
    assert seen == ["sought"]


def test_an_import_that_fails_is_nobodys_business(
    recorder: Recorder, package: str
) -> None:
    seen: list[Any] = []
    when_imported(recorder, "test", f"{package}.bad", seen.append)
    with pytest.raises(ImportError, match="no"):
        importlib.import_module(f"{package}.bad")
    assert seen == []


def test_what_comes_past_the_finder_is_caught_up_with(
    recorder: Recorder, package: str
) -> None:
    seen: list[Any] = []
    when_imported(recorder, "test", package, seen.append)
    finder = module_watch._watch
    sys.meta_path.remove(finder)
    try:
        module = importlib.import_module(package)
    finally:
        sys.meta_path.insert(0, finder)
    assert seen == []
    module_watch.catch_up()
    assert seen == [module]


def test_a_hook_that_fails_is_taken_out_and_counted(recorder: Recorder) -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise ValueError("oops")

    harmless = guarded(recorder, "test", fail)
    assert harmless() is None
    assert harmless() is None
    assert calls == [1]
    (failed,) = events(recorder, EventKind.HOOK_FAILED)
    assert failed == {"hook": "test", "error": "ValueError: oops"}


def test_what_a_signal_handler_raises_is_the_users(recorder: Recorder) -> None:
    def on_alarm(*_: object) -> None:
        raise TimeoutError("the user's own")

    previous = signal.signal(signal.SIGALRM, on_alarm)
    try:
        interrupted = guarded(
            recorder, "test", lambda: signal.raise_signal(signal.SIGALRM)
        )
        for _ in range(2):  # and the hook goes on
            with pytest.raises(TimeoutError, match="own"):
                interrupted()
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert events(recorder, EventKind.HOOK_FAILED) == []


def test_calls_are_observed_and_the_method_is_unchanged(recorder: Recorder) -> None:
    class Model:
        def fit(self, x: int, *, fail: bool = False) -> int:
            """Train."""
            if fail:
                raise ValueError(x)
            return 2 * x

    seen: list[Any] = []
    original = Model.fit
    undo = observe_calls(
        recorder,
        "test",
        Model,
        "fit",
        before=lambda made, args, kwargs: (args, kwargs),
        after=lambda token, made, args, kwargs, ok: seen.append((token, ok)),
    )
    assert Model().fit(4) == 8
    with pytest.raises(ValueError, match="5"):
        Model().fit(5, fail=True)
    assert seen == [(((4,), {}), True), (((5,), {"fail": True}), False)]
    assert Model.fit.__doc__ == "Train."
    assert Model.fit.__qualname__ == original.__qualname__
    undo()
    assert Model.fit is original


def test_stages_nest_and_lingering_ones_give_way(recorder: Recorder) -> None:
    building = recorder.begin_stage(Stage.BUILD, None, lingering=True)
    fit = recorder.begin_stage(Stage.FIT, None)
    assert recorder.stage == Stage.FIT
    recorder.begin_stage(Stage.EVALUATE, None)  # left by an exception
    recorder.end_stage(fit, ok=False)
    assert recorder.stage == Stage.NONE
    recorder.end_stage(building)
    recorder.end_stage(fit)
    names = [data["stage"] for data in events(recorder, EventKind.STAGE_END)]
    assert names == ["BUILD", "FIT"]


def test_a_stage_in_a_loop_does_not_fill_the_ring(recorder: Recorder) -> None:
    where = {"file": "x.py", "line": 3, "function": "f"}
    for _ in range(1000):
        recorder.end_stage(recorder.begin_stage(Stage.PREDICT, where))
    assert len(events(recorder, EventKind.STAGE_BEGIN)) == 109


def test_a_detached_recorder_is_silent(recorder: Recorder) -> None:
    recorder.detach()
    recorder.event(EventKind.EPOCH_BEGIN, epoch=1)
    recorder.begin_step(1, 1)
    recorder.end_stage(recorder.begin_stage(Stage.FIT, None))
    assert read_dump(recorder.writer.path).events == []


def test_every_hook_file_holds_a_hook_of_its_name() -> None:
    names = list(find_hooks())
    assert {"exceptions", "exit", "fork", "keras_training"} <= set(names)
    assert [load_hook(name).name for name in names] == names
