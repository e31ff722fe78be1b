"""How many batches are in memory while a step runs, as its input pipeline tells."""

from __future__ import annotations

import pytest

from kerascrash.estimate.batch_copies import MOST_COPIES, batch_copies
from kerascrash.model.case import Recording

BATCHED = "tensorflow.python.data.ops.batch_op._BatchDataset"


def fed(*ops: tuple[str, int | None], kind: str = BATCHED) -> Recording:
    """A training given one thing, at the end of a chain of (op, buffer)."""
    chain = {"ops": [{"op": op, "buffer": buffer} for op, buffer in ops]}
    return Recording(
        "d", "recording",
        models={"data": [{"name": "x", "type": kind}]},
        pipelines={"pipelines": [chain]} if ops else {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("waiting", "copies"),
    [((), 2), ((("prefetch", -1),), 2), ((("prefetch", 2),), 3),
     ((("prefetch", 100),), MOST_COPIES)],
)  # fmt: skip
def test_of_a_dataset_the_prefetch_tells(waiting, copies) -> None:
    chain = [("from_tensor_slices", None), ("batch", 32), *waiting]
    assert batch_copies(fed(*chain), "graph") == copies


def test_arrays_are_prefetched_by_keras_itself() -> None:
    assert batch_copies(fed(kind="numpy.ndarray"), "graph") == MOST_COPIES


def test_a_dataset_made_beside_the_arrays_that_are_trained_on_tells_nothing() -> None:
    seen = fed(("batch", 32), kind="numpy.ndarray")
    assert batch_copies(seen, "graph") == MOST_COPIES


def test_a_dataset_of_an_unknown_chain_or_of_eager_steps_is_taken_for_the_most() -> (
    None
):
    assert batch_copies(fed(), "graph") == MOST_COPIES
    assert batch_copies(fed(("batch", 32)), "eager") == MOST_COPIES
