"""Traces of a real tf.function: counted per function, with what differed."""

from __future__ import annotations

import gc

import pytest

from kerascrash.record.hooks.graph_tracing import HOOK

tf = pytest.importorskip("tensorflow")


class Recording:
    """Takes the events that the hook writes, as a recorder would."""

    detached = False
    at_traced = None

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        self.failed: list[BaseException] = []

    def event(self, _kind: object, **data: object) -> None:
        self.events.append(data)

    def hook_failed(self, _name: str, error: BaseException) -> None:
        self.failed.append(error)


@pytest.fixture
def recording():
    recording = Recording()
    remove = HOOK.install(recording)
    yield recording
    remove()
    assert not recording.failed


def test_a_number_is_named_as_what_varies(recording) -> None:
    @tf.function
    def scale(x, factor):
        return x * factor

    for factor in range(7):
        scale(tf.ones(3), factor)
    last = recording.events[-1]
    assert (last["function"], last["count"], last["alive"]) == ("scale", 7, 7)
    assert last["varies"] == {"factor": ["Python value", "value 5", "value 6"]}


def test_shapes_are_named_as_what_varies(recording) -> None:
    @tf.function
    def total(x):
        return tf.reduce_sum(x)

    for length in range(1, 5):
        total(tf.ones(length))
    what, before, now = recording.events[-1]["varies"]["x"]
    assert what == "shape or dtype"
    assert before != now


def test_a_function_traced_twice_is_no_event(recording) -> None:
    @tf.function
    def twice(x):
        return x + 1

    for _ in range(20):
        twice(tf.ones(3))
        twice(tf.ones(4))
    assert recording.events == []


def test_functions_made_anew_count_as_one_and_may_die(recording) -> None:
    def once(number):
        @tf.function
        def same_code(x):
            return x + number

        return same_code(tf.ones(2))

    for number in range(5):
        once(number)
        gc.collect()
    last = recording.events[-1]
    assert (last["function"], last["count"]) == ("same_code", 5)
    assert last["alive"] <= 2
