"""
Stage ``BUILD``: a model's weights come into being, one Keras variable after another.

Each is noted before its memory is asked for: when that kills the process, the dump
says how big it was, and which line of the user's wanted it. Keras 3; a variable of a
Keras 2 layer is an ordinary ``tf.Variable`` and is seen only when its model is fitted.
"""

from __future__ import annotations

from kerascrash.record.hook import Hook
from kerascrash.record.module_watch import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

NAME = "keras_building"


def _install(recorder: Recorder) -> Callable[[], None]:
    removers: list[Callable[[], None]] = []

    def observe(module: Any) -> None:
        from kerascrash.record.building import Building
        from kerascrash.record.patching import observe_calls

        building = Building(recorder)
        recorder.at_model_seen = building.reset

        def end(begun: bool | None, *_: Any, ok: bool) -> None:  # noqa: ARG001
            if begun:
                building.end()

        removers.append(
            observe_calls(
                recorder, NAME, module.Variable, "__init__",
                before=lambda _made, args, kwargs: building.begin(args, kwargs),
                after=end,
            )
        )  # fmt: skip

    removers.append(
        when_imported(recorder, NAME, "keras.src.backend.common.variables", observe)
    )

    def remove() -> None:
        for each in removers:
            each()

    return remove


HOOK = Hook(NAME, _install)
