"""Whose bytes they were: a holding's, a batch's, a layer's, a neighbour's."""

from __future__ import annotations

from kerascrash.estimate.epoch_growth import growth_each_epoch
from kerascrash.estimate.graphs_kept import graphs_kept
from kerascrash.estimate.growth import growth_seen
from kerascrash.estimate.holdings import Holding
from kerascrash.estimate.kept import Kept, data_held, leaks
from kerascrash.estimate.limits import cgroup_limit
from kerascrash.estimate.line_doing import LineDoing, line_at_death
from kerascrash.estimate.model_arithmetic import (
    LayerBytes,
    ModelBytes,
    models_of,
)
from kerascrash.estimate.one_sample import too_large_sample
from kerascrash.estimate.resident import certificate_of
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.stacks import activity_of, innermost_user_place, run_place
from kerascrash.estimate.statements import Statement, statement_at
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.unseen import grown_unseen
from kerascrash.model.case import Case
from kerascrash.model.verdict import Culprit
from kerascrash.units import count_of, format_bytes

_CLEARLY = 1.05


def leak_culprit(case: Case) -> Culprit | None:
    """Return the biggest thing that grew, with its bytes at death."""
    kept, graphs = next(iter(leaks(case)), None), graphs_kept(case)
    if graphs is not None and graphs.bytes > (kept.bytes if kept else 0):
        return _of_graphs(graphs)
    if kept is None:
        return None
    holding, note = kept.holding, kept.note
    growth, unit = growth_seen(holding), "step"
    if growth is None and holding.is_filled_by_line:
        # No step was counted: each pass of its line adds one element.
        growth, unit = float(holding.element_bytes), "element"
    return Culprit(
        owner=holding.owner,
        kind=_kind_at_death(kept),
        bytes=kept.bytes,
        growth_bytes_per_step=growth,
        place=holding.place,
        note=note,
        growth_per=unit,
        growth_bytes_per_epoch=growth_each_epoch(case, holding),
    )


def _of_graphs(kept: Kept) -> Culprit:
    holding = kept.holding
    each = kept.bytes / holding.count
    return Culprit(
        holding.owner,
        holding.kind,
        kept.bytes,
        each,
        holding.place,
        kept.note,
        growth_per="element",
    )


def _kind_at_death(kept: Kept) -> str:
    holding: Holding = kept.holding
    if not holding.is_container or not holding.element_type or holding.bytes <= 0:
        return holding.kind
    count = round(holding.count * kept.bytes / holding.bytes)
    return f"{holding.type} of {count_of(count, holding.element_type)}"


def data_culprit(case: Case) -> Culprit | None:
    """Return the biggest array that is held, or the one that was being made."""
    kept = next(iter(data_held(case)), None)
    doing = line_at_death(case)
    held = kept.bytes if kept else 0
    if doing is not None and doing.kind == "load" and doing.whole > _CLEARLY * held:
        return _being_made(doing)
    if kept is None:
        return None
    holding = kept.holding
    return Culprit(
        holding.owner,
        _with_dtype(holding),
        kept.bytes,
        None,
        holding.made_at,
        kept.note,
    )


def _being_made(doing: LineDoing) -> Culprit:
    owner = doing.target or (doing.statement.calls[0] if doing.statement else "?")
    kind = f"{doing.dtype} array that was being made".strip()
    note = ""
    if doing.whole > doing.bytes:
        note = f"{format_bytes(doing.bytes)} of it were filled when it died"
    return Culprit(owner, kind, doing.whole or None, None, doing.place, note)


def _with_dtype(holding: Holding) -> str:
    """Return ``list of 160 float64 ndarrays``, ``float64 array``."""
    widest = holding.widest_dtype
    if widest is None or widest[0] in holding.kind:
        return holding.kind
    head, space, name = holding.kind.rpartition(" ")
    inside = " of " in head and name.rstrip("s") == holding.element_type
    return (
        f"{head}{space}{widest[0]} {name}" if inside else f"{widest[0]} {holding.kind}"
    )


def _heaviest(model: ModelBytes) -> str:
    layers = sorted(model.layers, key=lambda layer: -layer.weights)
    names = [
        f"{layer.name} ({layer.type}, {layer.parameters:,} parameters)"
        for layer in layers[:2]
        if layer.parameters
    ]
    return ", ".join(names)


def model_culprit(case: Case) -> Culprit | None:
    """Return the model's heaviest layers and the line that was building or training."""
    recording = recording_of(case)
    models = models_of(recording)
    place = run_place(recording) if models else innermost_user_place(recording)
    if models:
        own = models[0]
        heaviest = max(own.layers, key=lambda layer: layer.weights, default=None)
        owner = f"{own.name}.{heaviest.name}" if heaviest else own.name
        note = f"heaviest: {_heaviest(own)}" if own.layers else ""
        kind = f"{own.type} of {own.parameters:,} parameters"
        if own.partial:
            owner = _layer_being_built(heaviest, statement_at(place or own.place))
            kind = f"weights being made, {own.parameters:,} parameters so far"
        return Culprit(owner, kind, own.training, None, place or own.place, note)
    rise = rise_of(case)
    statement = statement_at(place)
    targets = statement.targets if statement else ()
    calls = statement.calls if statement else ()
    owner = next(iter((*targets, *calls)), "")
    if place is None:
        return None
    grown = rise.total if rise else None
    return Culprit(owner or place.function, "model being built", grown, None, place)


def _layer_being_built(layer: LayerBytes | None, line: Statement | None) -> str:
    """Return the layer by its path; a Sequential by the name that it is added to."""
    path = layer.name.split("/") if layer else ["model"]
    adding = [call for call in (line.calls if line else ()) if call.endswith(".add")]
    if adding and len(path) > 1:
        path[0] = adding[0].removesuffix(".add")
    return ".".join(path)


def line_culprit(case: Case) -> Culprit | None:
    """Return the line whose result or temporaries blew up, or the layer that did."""
    doing = line_at_death(case)
    if doing is None or doing.place is None:
        return None
    one = too_large_sample(case)
    if one is not None and activity_of(recording_of(case)) == "step":
        name, kind = one.layer.name.replace("/", "."), "what it makes of one sample"
        return Culprit(name, kind, one.bytes, None, doing.place)
    calls = doing.statement.calls if doing.statement else ()
    owner = doing.target or (calls[0] if calls else "") or doing.place.function
    unseen = grown_unseen(case)
    if unseen is not None:
        kind = "the line last seen running; one call soon after it kept the interpreter"
        return Culprit(owner, kind, unseen.bytes, None, doing.place)
    return Culprit(owner, "made by one line", doing.whole or None, None, doing.place)


def neighbour_culprit(case: Case) -> Culprit | None:
    """Return the biggest other process; under a limit, of those that share it."""
    rows = certificate_of(case).get("biggest") or []
    inside = [row for row in rows if row.get("same_cgroup")]
    for row in (inside if cgroup_limit(case) else inside or rows)[:1]:
        owner = f"{row.get('comm') or '?'} (pid {row.get('pid')})"
        growth = row.get("growth")
        note = f"grew by {format_bytes(growth)} meanwhile" if growth else ""
        return Culprit(owner, "another process", row.get("rss"), note=note)
    return None
