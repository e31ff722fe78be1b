"""
The weights of a model while they come into being, one Keras variable after another.

Imported when Keras is.
"""

from __future__ import annotations

import sys
import time
from math import prod

from kerascrash.dump.records import IDLE_IS_OVER_S, PROGRESS_IDLE, Stage
from kerascrash.record.data_facts import dtype_width
from kerascrash.record.patching import argument
from kerascrash.record.places import caller_place
from kerascrash.record.training_facts import UNNAMED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.recorder import Recorder, StageEntry

VARIABLES = "keras.src.backend.common.variables"
_DEPTH = 4
_WORTH = 1 << 20
_MOST_LAYERS = 500


class Building:
    """The weights made since the last model was described."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.busy = 0
        self.last = 0.0
        self.entry: StageEntry | None = None
        self.reset()

    def reset(self) -> None:
        self.parameters = self.bytes = self.written = 0
        self.layers: dict[str, dict[str, Any]] = {}
        self.place: dict[str, Any] | None = None
        self.biggest = 0

    def is_over(self) -> bool:
        return not self.busy and time.monotonic() - self.last > IDLE_IS_OVER_S

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        recorder = self.recorder
        if recorder.detached:
            return False
        self.busy += 1
        self.last = time.monotonic()
        if recorder.stage in (Stage.NONE, Stage.IMPORT):
            self.entry = recorder.begin_stage(
                Stage.BUILD, caller_place(_DEPTH), lingering=True
            )
            recorder.ends.append((self.entry, self.is_over))
        elif recorder.stage is Stage.BUILD:
            recorder.progress(-1, -1)
        self._count(args, kwargs)
        return True

    def end(self) -> None:
        """
        Note when the last weight was made: if nothing follows, the build was over then.

        The sampler ends the stage in time, but not while a call that comes after it
        keeps the interpreter; then the dump itself must tell.
        """
        self.busy -= 1
        self.last = time.monotonic()
        if self.recorder.stage is Stage.BUILD and not self.busy:
            self.recorder.progress(-1, -1, PROGRESS_IDLE)

    def _count(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        shape = argument(args, kwargs, 1, "shape")
        if not isinstance(shape, (tuple, list)) or not all(
            isinstance(n, int) for n in shape
        ):
            return
        count = prod(shape)
        dtype = str(argument(args, kwargs, 2, "dtype") or "float32")
        size = count * dtype_width(dtype)
        self.parameters += count
        self.bytes += size
        self._count_layer(_scope() or str(kwargs.get("name")), count, size, dtype)
        if size > self.biggest:
            self.biggest, self.place = size, caller_place(_DEPTH + 1)
        if size >= _WORTH and self.bytes - self.written >= max(
            _WORTH, self.written // 4
        ):
            self._write()

    def _count_layer(self, name: str, count: int, size: int, dtype: str) -> None:
        layer = self.layers.get(name)
        if layer is None and len(self.layers) < _MOST_LAYERS:
            layer = self.layers[name] = {
                "name": name, "class": "", "output_shape": None, "parameters": 0,
                "dtype": dtype, "weights_bytes": 0,
            }  # fmt: skip
        if layer is not None:
            layer["parameters"] += count
            layer["weights_bytes"] += size

    def _write(self) -> None:
        """Tell what has been made so far, the variable now being made included."""
        self.written = self.bytes
        facts = self.recorder.facts
        if facts is None:
            return
        facts.see_building(
            {
                "name": UNNAMED, "class": "", "built": False,
                "parameters": self.parameters,
                "trainable_parameters": self.parameters,
                "weights_bytes": self.bytes, "dtype_policy": None,
                "layers": list(self.layers.values()), "optimizer": None,
                "jit_compile": None, "run_eagerly": None,
                "steps_per_execution": None, "config": None, "place": self.place,
            }
        )  # fmt: skip


def _scope() -> str:
    """Return the path of layer names that Keras is building under, "" if unknown."""
    path = getattr(sys.modules.get(VARIABLES), "current_path", None)
    return str(path() or "") if path is not None else ""
