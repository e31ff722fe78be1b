"""
The callback that Keras is given: it marks stages, epochs and steps, and nothing else.

It stands last in the list, is no subclass of a Keras class, reads no ``logs`` and
counts at the *begin* of a batch, which Keras calls in order on the training thread; the
ends may be dispatched to other threads. So Keras' asynchronous dispatch stays on.
"""

from __future__ import annotations

from kerascrash.dump.records import EventKind, Stage
from kerascrash.record.hook import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder, StageEntry

NAME = "keras_training"


class TrainingObserver:
    """Lives as long as one ``fit``, ``evaluate`` or ``predict``."""

    async_safe = True
    _supports_tf_logs = True  # Keras 2: no need to fetch logs on our account

    def __init__(
        self,
        recorder: Recorder,
        where: dict[str, Any] | None,
        steps: Any,
        at_first_step: Callable[[], None],
    ) -> None:
        self._recorder = recorder
        self._where = where
        self._steps = steps if isinstance(steps, int) else -1
        self._at_first_step: Callable[[], None] | None = at_first_step
        self._base = recorder.step + 1
        self._in_epoch = -1
        self.open_stages: list[StageEntry] = []
        self.on_train_batch_begin = guarded(recorder, NAME, self._begin_batch)
        self.on_epoch_begin = guarded(recorder, NAME, self._begin_epoch)
        self.on_epoch_end = guarded(recorder, NAME, self._end_epoch)
        self.on_test_batch_begin = guarded(recorder, NAME, self._begin_other_batch)
        self.on_predict_batch_begin = self.on_test_batch_begin
        # __getattr__ would be asked at each step
        self.on_train_batch_end = self.on_test_batch_end = _ignore
        self.on_predict_batch_end = _ignore
        for hook, stage in (
            ("train", Stage.FIT),
            ("test", Stage.EVALUATE),
            ("predict", Stage.PREDICT),
        ):
            setattr(self, f"on_{hook}_begin", self._beginner(stage))
            setattr(self, f"on_{hook}_end", guarded(recorder, NAME, self._end_stage))

    def __getattr__(self, name: str) -> Any:
        """Every other method of a callback does nothing."""
        if name.startswith(("on_", "set_")):
            return _ignore
        raise AttributeError(name)

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Let a list of callbacks be copied and pickled: the copy does nothing."""
        return _Copy, ()

    def _implements_train_batch_hooks(self) -> bool:
        """Tell Keras 2 which batch hooks to call."""
        return True

    _implements_test_batch_hooks = _implements_train_batch_hooks
    _implements_predict_batch_hooks = _implements_train_batch_hooks

    def _beginner(self, stage: Stage) -> Callable[..., Any]:
        def begin(_logs: Any = None) -> None:
            recorder = self._recorder
            if stage is Stage.FIT:
                recorder.steps_per_epoch = self._steps
                recorder.last_step_at_ns = 0
            recorder.use_latest_batch_size()
            self.open_stages.append(recorder.begin_stage(stage, self._where))

        return guarded(self._recorder, NAME, begin)

    def _end_stage(self, _logs: Any = None) -> None:
        if self.open_stages:
            self._recorder.end_stage(self.open_stages.pop())

    def _begin_epoch(self, epoch: int, _logs: Any = None) -> None:
        recorder = self._recorder
        recorder.epoch = int(epoch)
        self._base = recorder.step + 1
        self._in_epoch = -1
        recorder.event(EventKind.EPOCH_BEGIN, epoch=recorder.epoch)

    def _begin_batch(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """``batch`` counts within the epoch; it jumps with ``steps_per_execution``."""
        self._in_epoch = batch
        self._recorder.begin_step(self._base + batch, batch)
        if batch > 0 and self._at_first_step is not None:  # the first one is over
            call, self._at_first_step = self._at_first_step, None
            call()

    def _begin_other_batch(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._recorder.progress(batch, -1)

    def _end_epoch(self, epoch: int, _logs: Any = None) -> None:
        recorder = self._recorder
        recorder.event(EventKind.EPOCH_END, epoch=int(epoch), steps=self._in_epoch + 1)


class _Copy:
    """What stands for an observer in a copy of its list."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("on_", "set_")):
            return _ignore
        raise AttributeError(name)


def _ignore(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing."""
