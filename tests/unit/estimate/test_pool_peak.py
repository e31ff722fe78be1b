"""The peak of a framework's own pool at a batch that was not run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kerascrash.estimate.pool_peak import device_fits, pool_need

MIB = 1 << 20
LAYER = {"name": "a", "class": "Dense", "module": "keras", "dtype": "float32",
         "output_shape": [None, 64_000], "input_shape": [None, 8],
         "settings": {"units": 64_000, "activation": "relu"}}  # fmt: skip
MODEL = {"name": "m", "layers": [LAYER], "weights_bytes": 64 * MIB,
         "optimizer": {"class": "SGD", "bytes": 12}}  # fmt: skip


def counted(training, **row: object):
    """A fit with batches of 512, whose pool was counted by the framework."""
    builder = training(seconds=14).grows((11, 450), (14, 900))
    builder.runs(11, step=9, step_in_epoch=9, batch_size=512)
    builder.models = {"models": [MODEL]}
    case = builder.build()
    pools = {"devices": [{"framework": "tensorflow", **row}]}
    return replace(case, recording=replace(case.recording, allocators=pools))


def need(case, batch: int) -> int:
    found = pool_need(case.recording, batch, "GPU:0")
    assert found is not None
    return found.total


def test_the_peak_follows_the_arithmetic_put_right_by_what_was_seen(training) -> None:
    case = counted(training, device="GPU:0", peak=1)
    peak = 11 * need(case, 512) // 10
    case = counted(training, device="GPU:0", peak=peak, limit=peak)
    (same,), (more,) = device_fits(case, 512), device_fits(case, 1024)
    assert same["predicted_peak_bytes"] == peak
    assert same["fits"] is True
    # Part of a tenth goes along: the other is of how that run cut its pieces.
    assert more["predicted_peak_bytes"] == pytest.approx(1.1**0.75 * need(case, 1024))
    assert more["fits"] is False


def test_a_pool_read_before_a_step_was_over_tells_nothing_of_steps(training) -> None:
    case = counted(training, device="GPU:0", peak=2 * MIB)
    (row,) = device_fits(case, 1024)
    assert row["predicted_peak_bytes"] == need(case, 1024)


def test_a_pool_of_which_no_limit_is_known_is_not_judged(training) -> None:
    (row,) = device_fits(counted(training, device="GPU:0", peak=900 * MIB), 1024)
    assert row["predicted_peak_bytes"] > 900 * MIB
    assert row["fits"] is None


def test_without_a_batch_nothing_is_predicted(training) -> None:
    (row,) = device_fits(counted(training, device="GPU:0", peak=900 * MIB), None)
    assert row["predicted_peak_bytes"] is None
