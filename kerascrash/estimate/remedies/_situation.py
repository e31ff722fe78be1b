"""What a measure is judged by: model, forecast, what was held, and what is to blame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.backend import keras_backend
from kerascrash.estimate.device_memory import pools_of
from kerascrash.estimate.devices import devices_in_use
from kerascrash.estimate.epoch_growth import pace_of
from kerascrash.estimate.forecast import Forecast, forecast_of
from kerascrash.estimate.kept import Kept, data_held, leaks
from kerascrash.estimate.model_arithmetic import ModelBytes
from kerascrash.estimate.rise import Rise, rise_of
from kerascrash.estimate.source_lines import change_near, training_place
from kerascrash.estimate.step_bytes import own_model
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Place
from kerascrash.model.verdict import Remedy
from kerascrash.units import format_bytes

_GROWING = frozenset({
    "tensor_leak", "object_leak", "gradient_accumulation", "graph_retracing",
})  # fmt: skip
_OTHER_PROCESS = "another process took the memory."
_WORKERS = "worker processes held the memory, not the training."
_NOT_KNOWN = "what filled the memory is not known."


@dataclass(frozen=True, slots=True)
class Measure:
    """
    One measure: ``judge`` gives its remedy for a situation.

    ``of`` says what it acts on: the ``step`` of a training, the ``model``, the
    ``input`` or the ``limit``; ``changes`` as in Remedy.
    """

    id: str
    name: str
    of: str
    changes: int
    judge: Callable[[Measure, Situation], Remedy]

    def no(self, why: str) -> Remedy:
        """Return that it does not help, and why."""
        return Remedy(self.id, self.name, "no", why, changes=self.changes)

    def unknown(self, why: str) -> Remedy:
        """Return that it cannot be told, and why."""
        return Remedy(self.id, self.name, "cannot tell", why, changes=self.changes)

    def yes(
        self,
        saves: int | None,
        detail: str,
        place: Place | None = None,
        example: str = "",
    ) -> Remedy:
        """Return what it brings; what brings nothing is no help."""
        if saves is not None and saves <= 0:
            return self.no(detail)
        return Remedy(
            self.id, self.name, "yes", detail, saves, place, example, self.changes
        )


@dataclass(frozen=True, slots=True)
class Situation:
    """``own`` is the model that was trained, ``begun`` whether a step had begun."""

    case: Case
    recording: Recording
    factor: str
    rise: Rise | None
    own: ModelBytes | None
    forecast: Forecast
    kept: tuple[Kept, ...]
    data: tuple[Kept, ...]

    @property
    def begun(self) -> bool:
        return self.rise is not None and self.rise.in_stage is not None

    @property
    def model(self) -> dict[str, Any]:
        """The recorded entry of the model that was trained, empty for none."""
        rows = self.recording.models.get("models") or ()
        name = self.own.name if self.own else None
        return next((dict(row) for row in rows if row.get("name") == name), {})

    @property
    def on_device(self) -> bool:
        """Whether a GPU or another device was in use beside the processor."""
        counted = self.recording.allocators.get("devices") or ()
        used = any(row.get("device") not in (None, "host") for row in counted)
        return (
            used
            or any(pool.device != "host" for pool in pools_of(self.case))
            or bool(devices_in_use(self.recording))
        )

    @property
    def little(self) -> int:
        """Bytes below which a measure is none: a hundredth of what was in use."""
        return self.rise.final // 100 if self.rise else 0

    @property
    def backend(self) -> str:
        """The backend of Keras; ``tensorflow``, its default, where nothing tells."""
        return keras_backend(self.recording) or "tensorflow"

    def speaks_against(self, measure: Measure) -> str:
        """Return why the evidence speaks against a measure, "" where it does not."""
        if self.factor == "other_process" and measure.of != "limit":
            return _OTHER_PROCESS
        if self.factor == "child_process" and measure.of in ("step", "model"):
            return _WORKERS
        if self.factor in _GROWING and measure.of != "limit":
            return f"{self._what_grows()}: it would only take longer to die."
        if measure.of == "step" and not self.begun:
            return "it died before a step of the training had begun."
        return ""

    def leaves_open(self, measure: Measure) -> str:
        """Return why a measure cannot be judged whatever it is, "" where it can."""
        return _NOT_KNOWN if self.factor == "none" and measure.of != "limit" else ""

    def _what_grows(self) -> str:
        if not self.kept:
            return "memory grew with every step"
        one = self.kept[0].holding
        rate, unit = pace_of(self.case, one)
        by = f" by {format_bytes(rate)} each {unit}" if rate and rate > 0 else ""
        return f"`{one.owner}` grew{by} whatever the size of a step"

    def change(self, pattern: str, new: str) -> tuple[Place | None, str]:
        """Return the line near the training that matches, and what it would become."""
        at = self.own.batch_size if self.own else self.forecast.present
        place = training_place(self.recording, at)
        return change_near(self.recording, place, pattern, new)


def situation_of(case: Case, factor: str) -> Situation | None:
    """Return what measures are judged by, None without a recording."""
    recording = recording_of(case)
    if recording is None:
        return None
    return Situation(
        case=case,
        recording=recording,
        factor=factor,
        rise=rise_of(case),
        own=own_model(recording),
        forecast=forecast_of(case),
        kept=leaks(case),
        data=data_held(case),
    )
