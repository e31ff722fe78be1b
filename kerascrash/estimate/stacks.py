"""What the main thread was doing when its stack was last taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kerascrash.model.case import Recording
from kerascrash.model.evidence import Place

_LIBRARY = re.compile(
    r"site-packages|dist-packages|[/\\]lib[/\\]python3|^<frozen|^<string>"
    r"|\.p(?:yx|xd|xi)$"
)
_WEIGHT_CALLS = frozenset({
    "add_weight", "build", "_symbolic_build", "_initialize",
    "_initialize_with_initializer", "_deferred_initialize",
    "build_wrapper", "quantized_build",
})  # fmt: skip
_RUN_CALLS = frozenset({
    "fit", "evaluate", "predict", "train_step", "test_step", "predict_step",
    "train_on_batch", "test_on_batch", "predict_on_batch", "one_step_on_data",
    "one_step_on_iterator", "multi_step_on_iterator", "apply_gradients", "gradient",
})  # fmt: skip
_ENTRY_CALLS = frozenset({
    "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "error_handler",
})  # fmt: skip
"""What a user calls; ``error_handler`` is the wrapper that Keras puts around each."""
_SAVE_CALLS = frozenset({"save", "save_model", "save_weights", "_save_model"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; ``user`` tells code of the user from libraries."""

    file: str
    line: int
    function: str
    user: bool
    source: str = ""


def is_library(file: str) -> bool:
    """Tell installed packages and the standard library from a user's own files."""
    return bool(_LIBRARY.search(file))


def main_thread(recording: Recording | None) -> Mapping[str, Any]:
    """Return the main thread's stack as recorded; empty where there is none."""
    threads = recording.stacks.get("threads") if recording else None
    rows = [row for row in threads or () if isinstance(row, Mapping)]
    return next((row for row in rows if row.get("main")), rows[0] if rows else {})


def frames_of(thread: Mapping[str, Any]) -> tuple[Frame, ...]:
    """Return a thread's frames, innermost first."""
    return tuple(
        Frame(
            file=str(row.get("file") or "?"),
            line=int(row.get("line") or 0),
            function=str(row.get("function") or ""),
            user=bool(row.get("user")),
            source=str(row.get("source") or ""),
        )
        for row in thread.get("frames") or ()
        if isinstance(row, Mapping)
    )


def user_places(recording: Recording | None) -> tuple[Place, ...]:
    """Return the user's lines on the main thread, innermost first, with their text."""
    innermost = innermost_user_place(recording)
    places = [innermost] if innermost else []
    own = [frame for frame in frames_of(main_thread(recording)) if frame.user]
    places += [
        Place(one.file, one.line, one.function, ((one.line, one.source),))
        for one in own[1:]
        if one.source
    ]
    return tuple(places)


def innermost_user_place(recording: Recording | None) -> Place | None:
    """Return the innermost line of the user's own code on the main thread."""
    return user_place_of(main_thread(recording))


def user_place_of(thread: Mapping[str, Any]) -> Place | None:
    """Return the innermost line of the user's own code on a thread, as recorded."""
    frame = next((one for one in frames_of(thread) if one.user), None)
    if frame is None:
        return None
    rows = thread.get("excerpt") or ()
    excerpt = tuple((int(row[0]), str(row[1])) for row in rows if len(row) == 2)
    if not any(number == frame.line for number, _ in excerpt) and frame.source:
        excerpt = ((frame.line, frame.source),)
    return Place(frame.file, frame.line, frame.function, excerpt)


def run_place(recording: Recording | None) -> Place | None:
    """
    Return the user's line that called fit, evaluate, predict or a step of them.

    A custom layer or ``train_step`` is further in, so the innermost line will not do.
    """
    innermost = innermost_user_place(recording)
    frames = frames_of(main_thread(recording))
    for inner, outer in pairwise(frames):
        if outer.user and not inner.user and inner.function in _ENTRY_CALLS:
            if innermost and (innermost.file, innermost.line) == (
                outer.file,
                outer.line,
            ):
                return innermost
            rows = ((outer.line, outer.source),) if outer.source else ()
            return Place(outer.file, outer.line, outer.function, rows)
    return innermost


def activity_of(recording: Recording | None) -> str:
    """
    Return what the library frames above the user's line do.

    ``weights`` (a layer creates its variables), ``slots`` (an optimizer creates its
    own), ``save``, ``step`` (training, evaluation or prediction runs), ``call`` (some
    other library function runs), ``user`` (the user's own line), or ``""`` (no stack).
    """
    frames = frames_of(main_thread(recording))
    inner: list[Frame] = []
    for frame in frames:
        if frame.user:
            break
        inner.append(frame)
    if not frames:
        return ""
    if not inner:
        return "user"
    if any("optimizers" in f.file and f.function == "build" for f in inner):
        return "slots"
    if any(_makes_weights(frame) for frame in inner):
        return "weights"
    if any(frame.function in _SAVE_CALLS for frame in inner):
        return "save"
    if any(frame.function in _RUN_CALLS or _calls_layer(frame) for frame in inner):
        return "step"
    return "call"


def _calls_layer(frame: Frame) -> bool:
    """A model or layer is applied to data, outside Keras' own runs."""
    return frame.function == "__call__" and frame.file.endswith("layers/layer.py")


def _makes_weights(frame: Frame) -> bool:
    if "initializers" in frame.file:
        return True
    keras_file = "keras" in frame.file and "trainer" not in frame.file
    return keras_file and frame.function in _WEIGHT_CALLS
