"""What to change in an input pipeline whose buffer took the memory, with its number."""

from __future__ import annotations

from kerascrash.estimate.pipelines import Buffer, elements_that_fit, fullest_buffer
from kerascrash.estimate.source_lines import change_near
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.verdict import Advice, Culprit
from kerascrash.units import format_bytes

_SHUFFLE_SMALL = (
    "Shuffle file names or indices, which are small, and read or decode after it; a "
    "smaller buffer mixes less."
)
_AHEAD = 2  # batches


def pipeline_advice(case: Case, _culprit: Culprit | None) -> list[Advice]:
    """Return the advice for the fullest buffer; empty where none is known."""
    buffer = fullest_buffer(case)
    if buffer is None:
        return []
    if buffer.op.op == "cache":
        return [_cache(case, buffer)]
    if buffer.op.is_queue:
        return [_queue(buffer)]
    return [_smaller(case, buffer)]


def _smaller(case: Case, buffer: Buffer) -> Advice:
    """A smaller ``shuffle`` or ``prefetch``: how small, where that can be told."""
    op = buffer.op
    if op.op == "shuffle":
        fitting, detail = elements_that_fit(case, buffer), _SHUFFLE_SMALL
    else:
        fitting, detail = _AHEAD, "One is trained on while the next is made."
    if not fitting or not op.element:
        action = f"Make the buffer of `{op.text}` smaller."
        return Advice(action, detail, place=op.place)
    full, then = (op.buffer or 0) * op.element, fitting * op.element
    sizes = f"Full, {op.buffer:,} elements of {format_bytes(op.element)} take "
    sizes += f"{format_bytes(full)}; {fitting:,} take {format_bytes(then)}. "
    place, example = op.place, f".{op.op}({fitting})"
    if recording := recording_of(case):
        pattern = rf"\.{op.op}\((\s*(?:buffer_size\s*=\s*)?)[^,()]*(?:\([^()]*\))?"
        new = rf".{op.op}(\g<1>{fitting}"
        place, changed = change_near(recording, op.place, pattern, new)
        example = changed or example
    action = f"Make the buffer smaller: `{op.op}({fitting})` fits."
    return Advice(action, sizes + detail, max(full - then, 0) or None, place, example)


def _cache(case: Case, buffer: Buffer) -> Advice:
    """A cache in memory becomes one in a file."""
    place, example = buffer.op.place, ".cache(path)"
    if recording := recording_of(case):
        to_file = ".cache('cache.tfdata')"
        place, changed = change_near(recording, place, r"\.cache\(\s*\)", to_file)
        example = changed or example
    return Advice(
        "Cache to a file: `dataset.cache(path)`, not in memory.",
        "Or cache before what makes the elements large (decoding, augmentation, "
        "float conversion), or not at all.",
        buffer.bytes or None,
        place,
        example,
    )


def _queue(buffer: Buffer) -> Advice:
    """Batches that wait in queues of workers."""
    op = buffer.op
    return Advice(
        f"Let fewer batches wait: fewer workers or a shorter queue than `{op.text}`.",
        "Keras: `workers=1, max_queue_size=2` of the `PyDataset`; PyTorch: "
        "`num_workers` and `prefetch_factor` of the `DataLoader`.",
        buffer.bytes or None,
        op.place,
    )
