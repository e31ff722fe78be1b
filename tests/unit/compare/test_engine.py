"""What differs between two runs, on cases built by hand: found, weighed, or equal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kerascrash.compare import compare, load_parts
from kerascrash.diagnose import diagnose
from kerascrash.model.case import ExitStatus, Recording, Series
from kerascrash.model.comparison import Comparison, Difference
from kerascrash.model.evidence import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    CaseBuilder = Any  # of conftest.py

MIB = 1 << 20
ENVIRONMENT = {
    "python": "3.11.2",
    "kernel": "6.1.0",
    "cpu_count": 8,
    "packages": {"tensorflow": "2.20.0", "numpy": "2.1.0", "kerascrash": "0.1.0"},
    "env": {"TF_CPP_MIN_LOG_LEVEL": "1", "KERASCRASH_DIR": "/tmp/a"},
    "argv": ["python", "/home/ada/train.py", "--epochs", "3"],
    "script": "/home/ada/train.py",
    "memory": {"total": 24 << 30},
}
LAYER = {
    "name": "dense_3",
    "class": "Dense",
    "output_shape": [None, 64],
    "parameters": 2112,
    "dtype": "float32",
    "weights_bytes": 8448,
}
MODEL = {
    "name": "sequential",
    "class": "Sequential",
    "parameters": 2112,
    "weights_bytes": 8448,
    "dtype_policy": "float32",
    "layers": [LAYER],
    "optimizer": {"class": "Adam", "bytes": 16_900},
    "jit_compile": False,
}
BATCH = {
    "stage": "FIT",
    "batch_size": 32,
    "shapes": [["x", [32, 32], "float32"]],
    "count": 90,
}


def differing(comparison: Comparison) -> dict[tuple[str, str], Difference]:
    return {(each.group, each.name): each for each in comparison.differences}


def judged(builder: CaseBuilder, **changed: Any) -> Any:
    case = builder.build()
    if changed:
        case = replace(case, recording=replace(case.recording, **changed))
    return diagnose(case)


@pytest.fixture
def healthy(training: Callable[..., CaseBuilder]) -> CaseBuilder:
    """The same training without a leak: it ended by itself."""
    builder = training(exit=ExitStatus(code=0, known_by="pidfd"), state="finished")
    builder.grows((9, 400), (20, 420))
    builder.runs(9, stage="custom", step=280)
    builder.event(19, "stage_end", stage="custom", ok=True)
    builder.event(19.5, "exit", status=0, how="main finished")
    return builder


def test_nothing_differs_from_itself(leaking: CaseBuilder) -> None:
    leaking.environment, leaking.models = ENVIRONMENT, {"models": [MODEL]}
    one = judged(leaking)
    assert compare(one, one).differences == ()


def test_the_leak_comes_first_when_the_limit_was_never_used(
    leaking: CaseBuilder, healthy: CaseBuilder
) -> None:
    healthy.limit = None
    found = compare(judged(leaking), judged(healthy))
    first = found.differences[0]
    assert (first.group, first.name) in {
        ("holdings", "history"),
        ("memory", "at its peak"),
    }
    limit = differing(found)["limits", "container memory"]
    assert (limit.a, limit.b) == (1536 * MIB, "none")
    assert limit.weight < first.weight
    assert found.b.lived
    assert not found.a.lived
    assert found.stage == "custom"


def test_the_limit_comes_first_when_the_other_run_needed_more(
    leaking: CaseBuilder, training: Callable[..., CaseBuilder]
) -> None:
    """Twice the room, and it was used."""
    roomy = training(limit=None, exit=ExitStatus(code=0, known_by="pidfd"))
    roomy.grows((10, 400), (20, 1900)).runs(9, stage="custom", step=380)
    found = compare(judged(leaking), judged(roomy))
    assert differing(found)["limits", "container memory"].weight == 1.0


def test_growth_and_speed_are_those_of_the_steps_that_both_did(
    leaking: CaseBuilder, healthy: CaseBuilder
) -> None:
    def with_steps(builder: CaseBuilder, per_second: float) -> Any:
        recording = builder.build().recording
        rss = recording.find_series("rss")
        steps = tuple(
            int(max(0, i / 10 - 9) * per_second) for i in range(len(rss.times))
        )
        counted = Series("step", "recorder", rss.times, steps)
        return judged(builder, series=(*recording.series, counted))

    found = compare(with_steps(leaking, 20), with_steps(healthy, 10))
    growth = differing(found)["growth", "growth of the process"]
    assert growth.unit == "bytes per step"
    assert growth.a > 4 * MIB > 1 * MIB > growth.b
    speed = differing(found)["speed", "time of a step"]
    assert (speed.a, speed.b) == (
        pytest.approx(0.05, rel=0.1),
        pytest.approx(0.1, rel=0.1),
    )
    assert ("memory", "at step 110") in differing(found)
    same = compare(with_steps(healthy, 10), with_steps(healthy, 11))
    assert not {"growth", "speed"} & {each.group for each in same.differences}


def test_versions_weigh_by_which_number_changed(leaking: CaseBuilder) -> None:
    leaking.environment = ENVIRONMENT
    packages = {
        "tensorflow": "3.0.0",
        "numpy": "2.1.1",
        "h5py": "3.1",
        "kerascrash": "9",
    }
    other = judged(leaking, environment={**ENVIRONMENT, "packages": packages})
    found = differing(compare(judged(leaking), other))
    assert set(found) == {
        ("versions", name) for name in ("tensorflow", "numpy", "h5py")
    }
    weights = [
        found["versions", name].weight for name in ("tensorflow", "h5py", "numpy")
    ]
    assert weights == sorted(weights, reverse=True)
    assert found["versions", "h5py"].a is None


def test_settings_and_arguments(leaking: CaseBuilder) -> None:
    leaking.environment = ENVIRONMENT
    changed = {
        **ENVIRONMENT,
        "env": {"TF_CPP_MIN_LOG_LEVEL": "1", "TF_X": "1", "KERASCRASH_DIR": "/tmp/b"},
        "argv": ["/usr/bin/python3", "/mnt/train.py", "--epochs", "9"],
        "script": "/mnt/train.py",
    }
    found = differing(compare(judged(leaking), judged(leaking, environment=changed)))
    assert set(found) == {("environment", "TF_X"), ("environment", "arguments")}
    arguments = found["environment", "arguments"]
    assert (arguments.a, arguments.b) == ("--epochs 3", "--epochs 9")


def test_model_layers_and_batch(leaking: CaseBuilder) -> None:
    leaking.models = {"models": [MODEL], "batches": [BATCH]}
    wider = {
        **LAYER,
        "name": "dense_1",
        "output_shape": [None, 128],
        "parameters": 4224,
    }
    dropout = {**LAYER, "name": "dropout", "class": "Dropout", "parameters": 0}
    model = {**MODEL, "layers": [wider, dropout], "parameters": 4224,
             "optimizer": {"class": "SGD", "bytes": 4}}  # fmt: skip
    batch = {**BATCH, "batch_size": 128, "shapes": [["x", [128, 32], "float32"]]}
    other = judged(leaking, models={"models": [model], "batches": [batch]})
    found = differing(compare(judged(leaking), other))
    assert found["batch", "batch size"].weight == pytest.approx(0.5)
    assert ("batch", "shapes in fit") not in found  # one sample's are the same
    assert found["model", "optimizer"].b == "SGD"
    # Keras' numbering is no difference: dense_3 and dense_1 are a pair.
    assert found["model", "layer dense_1"].a.startswith("Dense (None, 64)")
    assert found["model", "layer dropout"].a is None


def test_a_case_without_a_recording_is_admitted(leaking: CaseBuilder) -> None:
    case = replace(leaking.build(), recording=Unavailable("dump", "not armed"))
    found = compare(diagnose(case), judged(leaking))
    assert "run A: not armed" in found.unknown
    assert found.a.course.points == ()


def test_a_part_that_raises_costs_only_itself(
    leaking: CaseBuilder, healthy: CaseBuilder
) -> None:
    broken = judged(leaking, models={"models": [{"layers": 7, "parameters": "x"}]},
                    environment={"argv": 5, "packages": "none"})  # fmt: skip
    found = compare(broken, judged(healthy))
    assert any(each.group == "holdings" for each in found.differences)
    assert isinstance(broken.case.recording, Recording)


def test_ids_are_unique_and_titled() -> None:
    parts = load_parts()
    assert len({part.id for part in parts}) == len(parts) >= 10
    assert all(part.title for part in parts)
