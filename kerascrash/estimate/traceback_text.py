"""The last Python traceback in a log: its frames, the user's own line among them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerascrash.estimate.stacks import is_library
from kerascrash.model.case import Case, LogLine
from kerascrash.model.evidence import Place

_FRAME = re.compile(
    r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.+))?'
)
_HEAD = "Traceback (most recent call last)"
_MODEL_CODE = re.compile(
    r"keras[/\\](?:src[/\\])?(?:layers|models|trainers|backend[/\\]\w+[/\\]trainer)"
)
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
    for log in reversed(case.logs):
        if log.kind == "kernel":
            continue
        heads = [i for i, line in enumerate(log.lines) if _HEAD in line.text]
        if heads:
            return _frames(log.lines[heads[-1] : heads[-1] + 400])
    return ()


def _frames(lines: tuple[LogLine, ...]) -> tuple[TextFrame, ...]:
    frames = []
    for at, line in enumerate(lines):
        if (found := _FRAME.match(line.text)) is None:
            continue
        after = lines[at + 1].text if at + 1 < len(lines) else ""
        source = "" if _FRAME.match(after) else after.strip()
        name = (found["name"] or "").strip()
        frames.append(TextFrame(found["file"], int(found["line"][:9]), name, source))
    return tuple(frames)


def user_place(case: Case) -> Place | None:
    """Return the innermost line of the user's own code in the last traceback."""
    for frame in reversed(last_traceback(case)):
        if not is_library(frame.file) and frame.function:
            excerpt = ((frame.line, frame.source),) if frame.source else ()
            return Place(frame.file, frame.line, frame.function, excerpt)
    return None


def runs_a_model(case: Case) -> bool:
    """Tell whether the traceback went through a model's or a layer's own code."""
    return any(_MODEL_CODE.search(frame.file) for frame in last_traceback(case))


def makes_weights(case: Case) -> bool:
    """Tell whether the traceback was making variables of a layer or optimizer."""
    return any(_MAKING_WEIGHTS.match(frame.function) for frame in last_traceback(case))
