"""Advice whose effect can be told in bytes, by factor."""

from __future__ import annotations

from collections.abc import Callable

from kerascrash.diagnose.advice_batch import batch_advice
from kerascrash.diagnose.advice_leak import leak_advice
from kerascrash.diagnose.advice_ops import operation_advice
from kerascrash.diagnose.advice_pipeline import pipeline_advice
from kerascrash.estimate.dtypes import narrower_dtype
from kerascrash.estimate.kept import data_held
from kerascrash.estimate.limits import cgroup_limit
from kerascrash.estimate.line_doing import line_at_death
from kerascrash.estimate.model_arithmetic import models_of
from kerascrash.estimate.refusal import refusal_in
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.verdict import Advice, Culprit
from kerascrash.units import format_bytes


def _batch(case: Case, culprit: Culprit | None) -> list[Advice]:
    place = culprit.place if culprit else None
    return batch_advice(case, place) or [
        Advice("Halve the batch until it fits.", place=place)
    ]


def _model(case: Case, culprit: Culprit | None) -> list[Advice]:
    models = models_of(recording_of(case))
    if not models:
        return []
    own = models[0]
    heaviest = max(own.layers, key=lambda layer: layer.weights, default=None)
    advice = []
    if heaviest is not None and heaviest.weights and own.weights:
        copies = own.training / own.weights
        kind = f" ({heaviest.type})" if heaviest.type != "layer" else ""
        place = own.place or (culprit.place if culprit else None)
        advice.append(
            Advice(
                f"Shrink layer `{heaviest.name}`{kind}.",
                f"{heaviest.parameters:,} of {own.parameters:,} parameters; half "
                "the units halve weights, gradients and slots.",
                int(heaviest.weights * copies / 2),
                place,
            )
        )
    if own.slots >= own.weights > 0:
        advice.append(
            Advice(
                f"Replace {own.optimizer} by one with fewer slots (SGD, Lion).",
                f"{own.optimizer} keeps {format_bytes(own.slots)} beside the weights.",
                own.slots,
            )
        )
    return advice


def _operation(case: Case, culprit: Culprit | None) -> list[Advice]:
    return operation_advice(case, culprit) or _refused(culprit)


def _refused(culprit: Culprit | None) -> list[Advice]:
    """Of an array that was refused nobody knows whether it is read or computed."""
    if culprit is None or not culprit.kind.endswith("refused"):
        return []
    return [
        Advice(
            f"Do not make `{culprit.owner}` whole: stream it or fill it in parts.",
            "Work on a block of rows at a time; keep the whole on disk "
            "(`np.memmap`); read data with `tf.data` or `keras.utils.PyDataset`.",
            culprit.bytes,
            culprit.place,
        )
    ]


def _data(_case: Case, culprit: Culprit | None) -> list[Advice]:
    if culprit is None:
        return []
    refused = _refused(culprit)
    if refused:
        return refused
    return [
        Advice(
            f"Stream `{culprit.owner}` from disk, one batch at a time.",
            "Use `keras.utils.PyDataset`, `tf.data` or `np.load(path, mmap_mode='r')`.",
            culprit.bytes,
            culprit.place,
        )
    ]


def _dtype(case: Case, _culprit: Culprit | None) -> list[Advice]:
    for kept in data_held(case):
        widest = kept.holding.widest_dtype
        narrower = narrower_dtype(widest[0]) if widest else None
        if widest and narrower:
            return [
                Advice(
                    f"Make `{kept.holding.owner}` {narrower} instead of {widest[0]}.",
                    "Name the dtype where it is made; images fit in uint8 with "
                    "`keras.layers.Rescaling(1 / 255)` in the model.",
                    kept.bytes // 2,
                    kept.holding.place,
                )
            ]
    doing = line_at_death(case)
    narrower = narrower_dtype(doing.dtype) if doing else None
    if doing is None or narrower is None:
        return []
    action = f"Make it {narrower} where it is made: it was to be {doing.dtype}."
    detail = (
        "NumPy makes float64 unless a dtype is named, and of integers divided by a "
        "float; keep images uint8 and scale them in the model, or store them narrower."
    )
    recording = recording_of(case)
    refusal = refusal_in(recording) if recording else None
    whole = refusal.bytes if refusal else doing.whole
    return [Advice(action, detail, whole // 2, doing.place)]


def _neighbour(case: Case, culprit: Culprit | None) -> list[Advice]:
    """No number of bytes saved: what another program would do is not known here."""
    room = "container" if cgroup_limit(case) else "machine"
    if culprit is None:
        return [
            Advice(
                f"Find out who else uses the memory of this {room}, and stop it.",
                "While the training runs, this lists its biggest processes first.",
                example="ps -eo pid,ppid,user,rss,args --sort=-rss | head",
            )
        ]
    return [
        Advice(
            f"Stop `{culprit.owner}`, or run it outside this {room}: it held "
            f"{format_bytes(culprit.bytes or 0)}.",
            "Nothing in the training's own code is to blame. This tells what such a "
            "process is and who started it, while one runs.",
            example="ps -eo pid,ppid,user,rss,lstart,args --sort=-rss | head",
        )
    ]


_BY_FACTOR: dict[str, Callable[[Case, Culprit | None], list[Advice]]] = {
    "tensor_leak": leak_advice,
    "object_leak": leak_advice,
    "gradient_accumulation": leak_advice,
    "batch_size": _batch,
    "model_size": _model,
    "data_size": _data,
    "dtype": _dtype,
    "input_pipeline": pipeline_advice,
    "tensor_ops": _operation,
    "other_process": _neighbour,
}


def sized_advice(case: Case, factor: str, culprit: Culprit | None) -> list[Advice]:
    """Return the advice for a factor whose effect is computed; empty for the others."""
    make = _BY_FACTOR.get(factor)
    return make(case, culprit) if make else []
