"""
Keras' own calls, observed: callbacks added, data and models described.

Imported when Keras is: nothing of it is needed, or paid for, before.
"""

from __future__ import annotations

import sys
import weakref
from functools import partial

from kerascrash.dump.records import Stage
from kerascrash.record.patching import argument, observe_calls
from kerascrash.record.places import caller_place
from kerascrash.record.training_facts import TrainingFacts
from kerascrash.record.training_observer import NAME, TrainingObserver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

_DEPTH = 4  # frames of ours between the observed call and caller_place


class KerasCalls:
    """What is done at each ``fit``, ``evaluate`` and ``predict`` of one recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._facts = TrainingFacts(recorder)
        self._gone: set[weakref.ref[Any]] = set()

    def observe_lists(self, module: Any) -> Callable[[], None]:
        """Add an observer to each list of callbacks; return how to stop that."""
        return observe_calls(
            self._recorder, NAME, module.CallbackList, "__init__",
            after=partial(_add_observer, self._recorder, self._facts, self._gone),
        )  # fmt: skip

    def observe_data(self, owner: str, module: Any) -> Callable[[], None]:
        """Describe the data that each iterator is made of; return how to stop that."""
        return observe_calls(
            self._recorder, NAME, getattr(module, owner), "__init__",
            before=partial(_begin_data, self._recorder, self._facts),
            after=partial(_end_data, self._recorder, self._facts),
        )  # fmt: skip


def _add_observer(
    recorder: Recorder,
    facts: TrainingFacts,
    gone: set[weakref.ref[Any]],
    _token: None,
    made: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    ok: bool,
) -> None:
    if recorder.detached or not ok:
        return
    where = caller_place(_DEPTH)
    model = argument(args, kwargs, 3, "model")
    facts.see_model(model, where)
    of_model = weakref.ref(model) if model is not None else _no_model
    observer = TrainingObserver(
        recorder, where, (made.params or {}).get("steps"),
        lambda: facts.see_model(of_model(), where, again=True),
    )  # fmt: skip
    made.callbacks.append(observer)
    recorder.at_traced = lambda: facts.see_built(of_model(), where)
    for flag in ("train", "test", "predict"):  # Keras 2 decides that beforehand
        if hasattr(made, f"_should_call_{flag}_batch_hooks"):
            setattr(made, f"_should_call_{flag}_batch_hooks", True)
    stages = observer.open_stages

    def after_exception(reference: weakref.ref[Any]) -> None:
        gone.discard(reference)
        if stages:  # fit was left by an exception: nobody called on_train_end
            recorder.end_stage(stages[0], ok=False)

    gone.add(weakref.ref(made, after_exception))


def _no_model() -> None:
    """There is no model to look at again."""


def _begin_data(
    recorder: Recorder,
    facts: TrainingFacts,
    _made: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    if recorder.detached:
        return None
    where = caller_place(_DEPTH)
    facts.see_data(args, kwargs, where, _purpose(recorder))
    return recorder.begin_stage(Stage.DATA, where)


def _purpose(recorder: Recorder) -> str:
    """Return the stage that the data is for, from the method that asks for it."""
    if recorder.stage is Stage.FIT:
        return Stage.EVALUATE.name  # validation within fit
    frame = sys._getframe(_DEPTH - 1)  # noqa: SLF001 - there is no other way
    for _ in range(_DEPTH):
        name = frame.f_code.co_name.upper()
        if name in ("FIT", "EVALUATE", "PREDICT"):
            return name
        if frame.f_back is None:
            break
        frame = frame.f_back
    return Stage.DATA.name


def _end_data(
    recorder: Recorder,
    facts: TrainingFacts,
    stage: Any,
    made: Any,
    _args: tuple[Any, ...],
    _kwargs: dict[str, Any],
    *,
    ok: bool,
) -> None:
    if stage is not None:
        recorder.end_stage(stage, ok=ok)
    if ok and not recorder.detached:
        facts.see_batches(made)
