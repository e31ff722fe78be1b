"""The last Python traceback in a log: its frames, the user's own line among them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kerascrash.estimate.stacks import is_library
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, LogLine
from kerascrash.model.evidence import Place

_FRAME = re.compile(
    r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.+))?'
)
_HEAD = "Traceback (most recent call last)"
_MODEL_CODE = re.compile(
    r"keras[/\\](?:src[/\\])?(?:layers|models|trainers|backend[/\\]\w+[/\\]trainer)"
)
_IN_LAYER = re.compile(
    r"Exception encountered when calling \w+\.call\(\)"
    r"|Arguments received by \w+\.call\(\)"
)
_MOST_LINES = 600
_MAKING_WEIGHTS = re.compile(
    r"^(?:add_weight|_initialize|_initialize_with_initializer|add_variable_from_reference|"
    r"build_wrapper|_deferred_initialize|quantized_build)$"
)


@dataclass(frozen=True, slots=True)
class TextFrame:
    """One frame of a traceback as printed, outermost first in its list."""

    file: str
    line: int
    function: str
    source: str = ""


def last_traceback(case: Case) -> tuple[TextFrame, ...]:
    """Return the frames of the last traceback in the program's output."""
    return _frames([line.text for line in _last_lines(case)])


def _last_lines(case: Case) -> tuple[LogLine, ...]:
    """Return the program's output from its last traceback on."""
    for log in reversed(case.logs):
        if log.kind == "kernel":
            continue
        heads = [i for i, line in enumerate(log.lines) if _HEAD in line.text]
        if heads:
            return log.lines[heads[-1] : heads[-1] + _MOST_LINES]
    return ()


def _frames(lines: Sequence[str]) -> tuple[TextFrame, ...]:
    frames = []
    for at, line in enumerate(lines):
        if (found := _FRAME.match(line)) is None:
            continue
        after = lines[at + 1] if at + 1 < len(lines) else ""
        is_source = after.startswith("    ") and not _FRAME.match(after)
        source = after.strip() if is_source else ""  # a graph's traceback has none
        name = (found["name"] or "").strip()
        frames.append(TextFrame(found["file"], int(found["line"][:9]), name, source))
    return tuple(frames)


def user_place(case: Case) -> Place | None:
    """Return the innermost line of the user's own code in the last traceback."""
    return _own(last_traceback(case))


def told_place(message: str) -> Place | None:
    """
    Return the user's line in a traceback that the message of an exception quotes.

    TensorFlow runs Python functions of a pipeline in threads of its own (generators, a
    `PyDataset`, `tf.numpy_function`); what they raise comes back as text.
    """
    _, head, quoted = message.rpartition(_HEAD)
    return _own(_frames(quoted.splitlines()[:_MOST_LINES])) if head else None


def _own(frames: tuple[TextFrame, ...]) -> Place | None:
    for frame in reversed(frames):
        if not is_library(frame.file) and frame.function:
            excerpt = ((frame.line, frame.source),) if frame.source else ()
            return Place(frame.file, frame.line, frame.function, excerpt)
    return None


def runs_a_model(case: Case) -> bool:
    """Tell whether the failure came from within a call of a model or a layer."""
    if any(_MODEL_CODE.search(frame.file) for frame in last_traceback(case)):
        return True
    # Keras shortens tracebacks and says instead whose call it was.
    if any(_IN_LAYER.search(line.text) for line in _last_lines(case)):
        return True
    recording = recording_of(case)
    raised = [m for m in recording.marks if m.kind == "exception"] if recording else []
    return any(_IN_LAYER.search(str(m.data.get("message") or "")) for m in raised[-1:])


def makes_weights(case: Case) -> bool:
    """Tell whether the traceback was making variables of a layer or optimizer."""
    return any(_MAKING_WEIGHTS.match(frame.function) for frame in last_traceback(case))
