"""The user's line in a traceback as printed, from logs alone."""

from __future__ import annotations

from kerascrash.estimate.traceback_text import (
    last_traceback,
    makes_weights,
    runs_a_model,
    told_place,
    user_place,
)
from kerascrash.model.case import Case, Log, LogLine
from kerascrash.model.evidence import Unavailable

NONE = Unavailable("dump", "nothing was armed")
KERAS = "/usr/lib/python3.11/site-packages/keras/src"
FIT = f"""\
Traceback (most recent call last):
  File "/home/u/old.py", line 1, in <module>
    1 / 0
ZeroDivisionError: division by zero
Traceback (most recent call last):
  File "/home/u/train.py", line 20, in <module>
    main()
  File "/home/u/train.py", line 12, in main
    model.fit(x, y)
    ^^^^^^^^^^^^^^^
  File "{KERAS}/backend/tensorflow/trainer.py", line 401, in fit
    logs = self.train_function(iterator)
ResourceExhaustedError: Graph execution error:
Detected at node sequential_1/dense_1/Relu defined at (most recent call last):
  File "/home/u/train.py", line 20, in <module>

  File "/home/u/layers.py", line 4, in call

OOM when allocating tensor with shape[4096,4096,16]
"""
WEIGHTS = f"""\
Traceback (most recent call last):
  File "/home/u/train.py", line 3, in <module>
    model = make()
  File "{KERAS}/layers/layer.py", line 5, in build_wrapper
    original(*args)
  File "{KERAS}/layers/core/dense.py", line 9, in add_weight
    pass
"""


def case_of(text: str, kind: str = "stderr") -> Case:
    lines = tuple(LogLine(n, t) for n, t in enumerate(text.splitlines(), 1) if t)
    return Case("linux", NONE, NONE, NONE, NONE, (Log(kind, "e", lines),))


def test_the_last_traceback_counts_and_its_innermost_line_of_the_user() -> None:
    place = user_place(case_of(FIT))
    assert place is not None
    assert (place.file, place.line, place.function) == ("/home/u/layers.py", 4, "call")
    # What follows a frame of a graph's traceback is no source line.
    assert place.excerpt == ()
    frames = last_traceback(case_of(FIT))
    assert [frame.source for frame in frames[:2]] == ["main()", "model.fit(x, y)"]


def test_a_run_of_a_model_and_the_making_of_weights() -> None:
    assert runs_a_model(case_of(FIT))
    assert not makes_weights(case_of(FIT))
    assert makes_weights(case_of(WEIGHTS))
    plain = 'Traceback (most recent call last):\n  File "/home/u/a.py", line 2, in f\n'
    assert not runs_a_model(case_of(plain))
    assert not makes_weights(case_of(plain))


def test_without_a_traceback_there_is_no_place() -> None:
    assert user_place(case_of("Killed\n")) is None
    assert user_place(case_of(FIT, kind="kernel")) is None


def test_a_traceback_quoted_in_a_message_has_the_users_line() -> None:
    place = told_place(
        "Graph execution error:\n\nOSError: [Errno 24] Too many open files: 'a.npz'\n"
        "Traceback (most recent call last):\n\n"
        f'  File "{KERAS}/trainers/py_dataset_adapter.py", line 264, in _generator\n\n'
        '  File "/home/u/data.py", line 23, in __getitem__\n\n'
        '  File "/usr/lib/python3.11/site-packages/numpy/io.py", line 454, in load\n'
        "\nOSError: [Errno 24] Too many open files: 'a.npz'"
    )
    assert place is not None
    assert (place.file, place.line) == ("/home/u/data.py", 23)


def test_a_message_that_names_a_graphs_lines_quotes_no_traceback() -> None:
    assert told_place(FIT.rpartition("ResourceExhausted")[2]) is None
    assert told_place('no frame of the user: File "/home/u/a.py", line 3, in f') is None
