"""Telling what a signal handler of the user's raised from what is ours to swallow."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kerascrash.record.hook import guarded
from kerascrash.record.signal_errors import raised_by_signal_handler


class TimeIsUpError(Exception):
    """What the user's signal handler raises."""


class Handlers:
    """Ways to write a handler."""

    def method(self, number: int, frame: object) -> None:
        raise TimeIsUpError

    def __call__(self, number: int, frame: object) -> None:
        raise TimeIsUpError


def with_more(more: int, number: int, frame: object) -> None:
    raise TimeIsUpError


def by_position(*_: object) -> None:
    raise TimeIsUpError


def gone_before(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise TimeIsUpError


def careless(number: int, frame: object) -> None:
    del frame
    raise TimeIsUpError


def deeper(number: int, frame: object) -> None:
    careless(number, None)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


HANDLERS: list[Callable[..., Any]] = [
    Handlers().method,
    Handlers(),
    functools.partial(with_more, 1),
    by_position,
    gone_before,
    careless,
    deeper,
    lambda number, frame: careless(number, frame),
]


def our_work() -> None:
    """Be interrupted in the middle."""
    os.kill(os.getpid(), signal.SIGUSR1)
    for _ in range(1000):
        pass


@pytest.mark.parametrize("handler", HANDLERS)
def test_what_a_handler_raises_is_the_users(handler: Callable[..., Any]) -> None:
    signal.signal(signal.SIGUSR1, handler)
    with pytest.raises(TimeIsUpError) as caught:
        our_work()
    assert raised_by_signal_handler(caught.value)


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_guarded_call_hands_it_on(handler: Callable[..., Any]) -> None:
    recorder = Failing()
    signal.signal(signal.SIGUSR1, handler)
    with pytest.raises(TimeIsUpError):
        guarded(recorder, "some", our_work)()  # type: ignore[arg-type]
    assert recorder.failures == 0


class Failing:
    """A recorder that cannot even note a failure."""

    failures = 0

    def hook_failed(self, name: str, error: BaseException) -> None:
        self.failures += 1
        raise RecursionError


def test_what_we_raise_ourselves_is_ours() -> None:
    signal.signal(signal.SIGUSR1, by_position)
    with pytest.raises(KeyError) as caught:
        {}["missing"]
    assert not raised_by_signal_handler(caught.value)


def given_a_tuple(pair: tuple[int, int], other: object) -> None:
    raise TimeIsUpError


def test_arguments_that_are_no_frames_make_no_handler() -> None:
    with pytest.raises(TimeIsUpError) as caught:
        given_a_tuple((1, 2), object())
    assert not raised_by_signal_handler(caught.value)


def test_a_failure_that_cannot_be_noted_stays_with_us_too() -> None:
    recorder = Failing()
    call = guarded(recorder, "some", lambda: {}["missing"])  # type: ignore[arg-type]
    assert call() is None
    assert call() is None
    assert recorder.failures == 1


def test_at_the_end_of_the_stack_a_hook_fails_in_silence() -> None:
    recorder = Failing()
    call = guarded(recorder, "some", lambda: 1)  # type: ignore[arg-type]

    def down() -> int:
        call()  # at every depth: the deepest have no room for it
        return down()

    with pytest.raises(RecursionError) as caught:
        down()
    trace, last = caught.value.__traceback__, ""
    while trace is not None:
        last = trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    assert last in ("down", "call")
