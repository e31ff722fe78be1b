"""Whole judgements on hand-built cases: cause, factor, culprit, advice."""

from __future__ import annotations

from dataclasses import replace

import pytest

import kerascrash.detect
from kerascrash.causes import load_causes
from kerascrash.detect import load_detectors
from kerascrash.diagnose import diagnose
from kerascrash.diagnose.resource import ENGINE_FINDINGS
from kerascrash.diagnose.summary import summarise
from kerascrash.factors import load_factors
from kerascrash.model.case import Case, ExitStatus, Log, LogLine, Recording
from kerascrash.model.evidence import Unavailable
from kerascrash.model.rules import Detector
from kerascrash.model.verdict import ProgressLost

MIB = 1 << 20


def test_a_list_of_tensors_that_fills_its_cgroup(leaking) -> None:
    verdict = diagnose(leaking.build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "tensor_leak")
    assert verdict.certainty == "proven"
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "history"
    assert verdict.culprit.growth_bytes_per_step == 4e6
    assert verdict.culprit.place is not None
    assert verdict.culprit.place.line == 41
    assert verdict.culprit.bytes == pytest.approx(1130 * MIB, rel=0.1)
    assert "1.5 GiB" in verdict.summary
    assert "history" in verdict.summary


def test_a_leak_is_never_answered_with_a_smaller_batch(leaking) -> None:
    leaking.progress["batch_size"] = 4096
    advice = diagnose(leaking.build()).verdict.advice
    assert advice[0].saves_bytes
    assert not [one for one in advice if "batch" in (one.action + one.detail).lower()]


def test_a_healthy_training_that_is_killed_is_no_oom(training) -> None:
    builder = training().grows((8, 500), (20, 505)).runs(8, step=400)
    cgroup = {"path": "/job", "version": 1, "limit": 1536 * MIB, "peak": 510 * MIB,
              "before": {"oom_kill": 0}, "after": {"oom_kill": 0}}  # fmt: skip
    verdict = diagnose(builder.counters(cgroups=[cgroup], kills=0).build()).verdict
    assert (verdict.cause, verdict.factor) == ("external_kill", "none")
    assert verdict.culprit is None


def test_no_certificate_near_the_limit_and_rising_is_likely_the_limit(leaking) -> None:
    leaking.certificate = None
    leaking.exit = Unavailable("exit status", "nobody saw it")
    verdict = diagnose(leaking.build()).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", "tensor_leak")
    assert verdict.confidence > 0.7


def test_no_certificate_and_flat_memory_is_no_oom(training) -> None:
    builder = training(certificate=None, exit=Unavailable("exit status", "unseen"))
    verdict = diagnose(
        builder.grows((8, 500), (20, 505)).runs(8, step=9).build()
    ).verdict
    assert verdict.cause in ("unknown", "external_kill")
    assert verdict.factor == "none"


def test_another_boot_and_no_end_is_a_machine_that_went_down(training) -> None:
    builder = training(
        certificate=None, exit=Unavailable("exit status", "unseen"), same_boot=False
    )
    verdict = diagnose(
        builder.grows((8, 500), (20, 505)).runs(8, step=9).build()
    ).verdict
    assert verdict.cause == "machine_down"


def test_an_unread_boot_id_is_no_reboot(training) -> None:
    builder = training(certificate=None, same_boot=None)
    assert diagnose(builder.build()).verdict.cause != "machine_down"


def test_a_leafs_kill_without_a_limit_is_the_whole_machine(training) -> None:
    builder = training(limit=None, host_available=200 * MIB).grows((20, 9000))
    leaf = {"path": "/job", "version": 2, "limit": None, "peak": None,
            "before": {"oom": 0, "max": 0, "oom_kill": 0},
            "after": {"oom": 0, "max": 0, "oom_kill": 1}}  # fmt: skip
    verdict = diagnose(builder.counters(cgroups=[leaf], kills=1).build()).verdict
    assert verdict.cause == "host_oom_global"


def test_an_ancestors_limit_is_named_as_such(leaking) -> None:
    own = {"path": "/job/step", "version": 2, "limit": None,
           "before": {"oom_kill": 0}, "after": {"oom_kill": 1}}  # fmt: skip
    leaking.dies_of_limit(version=2)
    leaking.certificate["oom"]["cgroups"].append(own)
    verdict = diagnose(leaking.build()).verdict
    assert verdict.cause == "host_oom_cgroup"
    assert "enclosing cgroup /job" in verdict.summary


@pytest.mark.parametrize(
    ("exception", "message", "cause"),
    [
        ("ValueError", "Shapes are incompatible", "python_exception"),
        ("KeyboardInterrupt", "", "user_interrupt"),
        ("MemoryError", "Unable to allocate 3 GiB", "alloc_failure"),
        ("OSError", "[Errno 28] No space left on device", "disk_full"),
        ("OSError", "[Errno 24] Too many open files: 'a'", "fd_limit"),
        ("RuntimeError", "can't start new thread", "thread_or_process_limit"),
    ],
)
def test_what_an_uncaught_exception_means(training, exception, message, cause) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="pidfd")).runs(8, step=9)
    builder.event(20, "exception", type=exception, message=message, thread="MainThread",
                  traceback=[["/home/ada/train.py", 7, "main", "fit()"]])  # fmt: skip
    diagnosis = diagnose(builder.build())
    assert diagnosis.verdict.cause == cause
    if cause != "user_interrupt":
        assert diagnosis.verdict.culprit is not None
        assert diagnosis.verdict.culprit.place is not None
        assert diagnosis.verdict.culprit.place.line == 7


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Graph execution error:\n\nDetected at node PyFunc defined at (most recent "
         "last):\n<stack traces unavailable>\nTypeError: shape (32, 15)",
         "ValueError: TypeError: shape (32, 15)"),
        ("Sizes differ:\n'x': 3\n'y': 4", "ValueError: Sizes differ: 'x': 3 'y': 4"),
        ("2", "ValueError: 2"),
    ],
)  # fmt: skip
def test_the_sentence_says_what_happened(training, message, said) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="pidfd")).runs(8, step=9)
    builder.event(20, "exception", type="ValueError", message=message)
    assert diagnose(builder.build()).verdict.summary.splitlines()[0].endswith(said)


def test_a_frame_of_compiled_library_code_is_not_the_users_line(training) -> None:
    """Cython's frames are named by what the wheel was built from, which is not here."""
    builder = training(exit=ExitStatus(code=1, known_by="pidfd")).runs(8, step=9)
    message = "Unable to allocate 2.29 MiB for an array with shape (300, 1000)"
    inner = {"file": "numpy/random/_common.pyx", "line": 309, "excerpt": [],
             "function": "numpy.random._common.double_fill"}  # fmt: skip
    rows = [["/home/ada/train.py", 9, "<module>", "image = np.random.rand(300, 1000)"],
            [inner["file"], 309, inner["function"], None]]  # fmt: skip
    builder.event(20, "exception", type="MemoryError", message=message, place=inner,
                  thread="MainThread", traceback=rows)  # fmt: skip
    culprit = diagnose(builder.build()).verdict.culprit
    assert culprit is not None
    assert culprit.place is not None
    assert (culprit.place.file, culprit.place.line) == ("/home/ada/train.py", 9)


@pytest.mark.parametrize(("held", "owner"), [(900, "features"), (4, "distances")])
def test_what_fills_memory_is_to_blame_not_what_came_last(
    training, held, owner
) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="pidfd"))
    builder.grows((8, 400), (19, 400 + held))
    builder.holds("features", held * MIB, type="ndarray", kind="float64 ndarray")
    asked = "2.29 MiB" if held > 100 else "2.98 GiB"
    place = {"file": "/home/ada/train.py", "line": 5, "function": "main",
             "excerpt": [[5, "distances = np.zeros((n, n))"]]}  # fmt: skip
    builder.event(
        19, "exception", type="numpy._core._exceptions._ArrayMemoryError", place=place,
        message=f"Unable to allocate {asked} for an array with shape (3, 1) and data "
        "type float64",
    )  # fmt: skip
    culprit = diagnose(builder.build()).verdict.culprit
    assert culprit is not None
    assert culprit.owner == owner


def test_leaving_by_os_exit_is_a_silent_exit(training) -> None:
    builder = training(exit=ExitStatus(code=3, known_by="pidfd")).runs(8, step=9)
    builder.at_line("            os._exit(3)")
    builder.event(20, "exit", status=3, how="os._exit")
    verdict = diagnose(builder.build()).verdict
    assert (verdict.cause, verdict.factor) == ("silent_exit", "none")
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "os._exit"


def test_leaving_inside_fit_is_no_clean_exit_though_the_status_is_0(training) -> None:
    builder = training(exit=ExitStatus(code=0, known_by="pidfd")).runs(5, step=6)
    builder.at_line("            os._exit(0)")
    builder.event(20, "exit", status=0, how="os._exit")
    verdict = diagnose(builder.build()).verdict
    assert verdict.cause == "silent_exit"
    assert "os._exit() with status 0" in verdict.summary


def test_leaving_inside_fit_by_a_native_exit(training) -> None:
    builder = training(exit=ExitStatus(code=0, known_by="pidfd")).runs(5, step=6)
    assert diagnose(builder.build()).verdict.cause == "silent_exit"


def test_leaving_by_os_exit_after_the_training_is_clean(training) -> None:
    builder = training(exit=ExitStatus(code=0, known_by="pidfd")).runs(5, step=6)
    builder.event(19, "stage_end", stage="fit", ok=True)
    builder.event(20, "exit", status=0, how="os._exit")
    diagnosis = diagnose(builder.build())
    assert diagnosis.verdict.cause == "clean_exit"
    assert "died" not in diagnosis.verdict.summary + diagnosis.progress.text


@pytest.mark.parametrize(
    ("source", "layer", "owner"),
    [
        ("clf.add(Dense(16000))", "sequential/dense_1", "clf.dense_1"),
        ("t = Dense(16000, name='fc1')(t)", "fc1", "fc1"),
        ("rec.fit(pairs, y)", "two_tower/embedding", "two_tower.embedding"),
    ],
)
def test_a_layer_is_named_while_its_model_is_built(
    training, source, layer, owner
) -> None:
    """Recorded weight by weight, before the model is known: it has no name yet."""
    builder = training().grows((10, 420), (20, 1530)).dies_of_limit()
    builder.at_line(source, ("keras/src/layers/layer.py", "add_weight"))
    rows = [{"name": layer, "class": "", "parameters": 256_000_000,
             "dtype": "float32", "weights_bytes": 1_024_000_000}]  # fmt: skip
    builder.models = {"models": [
        {"name": "(weights made so far)", "class": "", "built": False,
         "parameters": 256_000_000, "trainable_parameters": 256_000_000,
         "weights_bytes": 1_024_000_000, "layers": rows, "optimizer": None,
         "place": None}
    ]}  # fmt: skip
    verdict = diagnose(builder.build()).verdict
    assert verdict.factor == "model_size"
    assert verdict.culprit is not None
    assert verdict.culprit.owner == owner
    assert "256,000,000 parameters so far" in verdict.culprit.kind
    assert "(weights" not in verdict.summary + verdict.advice[0].action


def test_a_clean_exit(training) -> None:
    builder = training(exit=ExitStatus(code=0, known_by="pidfd"), state="finished")
    builder.event(20, "exit", status=0, how="main finished")
    assert diagnose(builder.build()).verdict.cause == "clean_exit"


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (1, "termination_signal"),
        (2, "user_interrupt"),
        (4, "illegal_instruction"),
        (6, "native_abort_check"),
        (7, "bus_error_shm"),
        (8, "fpe"),
        (11, "native_segfault"),
        (15, "termination_signal"),
    ],
)
def test_fatal_signals_in_healthy_training(training, number, cause) -> None:
    builder = training(exit=ExitStatus(signal=number, known_by="pidfd"))
    builder.grows((8, 500), (20, 505)).runs(8, step=9)
    builder.counters(cgroups=[{"path": "/", "version": 1, "limit": None}], kills=0)
    verdict = diagnose(builder.at_line("    kernel()").build()).verdict
    assert (verdict.cause, verdict.factor) == (cause, "none")


def test_a_rule_that_raises_is_named_and_costs_nothing_else(
    leaking, monkeypatch
) -> None:
    def detect(_: Case):
        raise RuntimeError("broken rule")

    broken = (*load_detectors(), Detector("broken", ("x",), detect))
    monkeypatch.setattr(kerascrash.detect, "load_detectors", lambda: broken)
    diagnosis = diagnose(leaking.build())
    assert diagnosis.verdict.cause == "host_oom_cgroup"
    assert ["broken" in fault for fault in diagnosis.faults] == [True]


def test_a_part_that_raises_costs_only_itself(leaking, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("ledger")

    monkeypatch.setattr("kerascrash.diagnose.engine.host_ledger", fail)
    diagnosis = diagnose(leaking.build())
    assert diagnosis.verdict.factor == "tensor_leak"
    assert diagnosis.ledgers == ()
    assert len(diagnosis.faults) == 1


def test_what_is_missing_is_listed_and_weighs_nothing(leaking) -> None:
    leaking.certificate = None
    diagnosis = diagnose(leaking.build())
    cause = diagnosis.causes[0]
    assert "death certificate" in {missing.what for missing in cause.not_examined}
    assert all(w.weight > -6 for w in cause.contradicting)


def test_the_ledger_balances(leaking) -> None:
    (ledger,) = diagnose(leaking.build()).ledgers
    assert sum(line.bytes for line in ledger.lines) == ledger.total


def test_every_finding_that_a_rule_of_factors_names_can_be_found() -> None:
    found = {name for detector in load_detectors() for name in detector.finds}
    found |= set(ENGINE_FINDINGS)
    for rule in load_factors():
        assert {*rule.supports, *rule.contradicts} <= found, rule.id


def test_ids_are_unique() -> None:
    for rules in (load_causes(), load_factors(), load_detectors()):
        ids = [rule.id for rule in rules]
        assert len(ids) == len(set(ids))


def test_an_array_that_was_refused_is_named_with_its_line(training) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="pidfd"))
    message = "Unable to allocate 2.98 GiB for an array with shape (20000, 20000) and "
    place = {"file": "/home/ada/train.py", "line": 5, "function": "main",
             "excerpt": [[5, "distances = np.zeros((n, n))"]]}  # fmt: skip
    builder.event(
        19, "exception", type="numpy._core._exceptions._ArrayMemoryError",
        message=message + "data type float64", place=place,
    )  # fmt: skip
    verdict = diagnose(builder.build()).verdict
    assert verdict.cause == "alloc_failure"
    assert verdict.culprit is not None
    assert verdict.culprit.owner == "distances"
    assert verdict.culprit.bytes == pytest.approx(2.98 * 1024 * MIB, rel=0.01)
    assert verdict.culprit.place is not None
    assert verdict.culprit.place.line == 5


def test_the_small_tensor_that_a_leak_was_refused_is_no_blow_up(leaking) -> None:
    leaking.exit = ExitStatus(code=1, known_by="pidfd")
    leaking.certificate = {}
    where = {"file": "/home/ada/train.py", "line": 40, "function": "main",
             "excerpt": [[40, "x = tf.matmul(a, b)"]]}  # fmt: skip
    message = "OOM when allocating tensor with shape[1000,1000] and type float on /job"
    leaking.event(
        20, "exception", type="tensorflow.python.framework.errors_impl."
        "ResourceExhaustedError", message=message, place=where,
    )  # fmt: skip
    verdict = diagnose(leaking.build()).verdict
    assert (verdict.factor, verdict.second_factor) == ("tensor_leak", "none")


def test_a_model_that_was_not_built_yet_is_sized_by_its_data(training) -> None:
    """A subclassed one, whose first step was under way: no layer tells a shape."""
    builder = training().grows((10, 420), (20, 1530)).dies_of_limit()
    builder.runs(9, batch_size=3000, step_in_epoch=0)
    builder.at_line(
        "net.fit(dataset(3000))", ("tensorflow/python/eager/execute.py", "execute"),
        ("keras/src/backend/tensorflow/trainer.py", "fit"),
    )  # fmt: skip
    convolution = {"name": "conv2d", "class": "Conv2D", "module": "keras",
                   "output_shape": None, "input_shape": None, "dtype": "float32",
                   "settings": {"filters": 24, "kernel_size": [3, 3]}}  # fmt: skip
    builder.models = {
        "models": [{"name": "net", "class": "Net", "built": False, "parameters": 0,
                    "layers": [convolution], "optimizer": {"class": "Adam"}}],
        "batches": [{"stage": "FIT", "batch_size": 3000, "count": 1,
                     "shapes": [["x", [None, 48, 48, 3], "float32"]]}],
    }  # fmt: skip
    diagnosis = diagnose(builder.build())
    assert diagnosis.verdict.factor == "batch_size"
    assert diagnosis.verdict.factor_confidence > 0.8
    fits = diagnosis.forecast["fits"]
    assert 0 < fits["batch_size"] < 3000  # died: no larger one may be named


@pytest.mark.parametrize(
    ("available", "cause"),
    [(600 * MIB, "oom_daemon"), (20_000 * MIB, "termination_signal")],
)
def test_sigterm_beside_an_oom_daemon(training, available, cause) -> None:
    """earlyoom writes nothing to the kernel log; only its reason gives it away."""
    builder = training(
        limit=None,
        host_available=available,
        exit=ExitStatus(signal=15, known_by="pidfd"),
    )
    builder.grows((10, 420), (20, 900)).runs(9, step=50)
    builder.certificate["daemons"] = ["earlyoom"]
    assert diagnose(builder.build()).verdict.cause == cause


@pytest.mark.parametrize(("stacks_at", "line"), [(19.0, 20), (7.0, 35)])
def test_the_newest_sight_of_the_program_is_named(training, stacks_at, line) -> None:
    builder = training(exit=ExitStatus(signal=11, known_by="pidfd"))
    builder.at_line("    kernel()", line=20).runs(8, step=9)
    builder.stacks_at = stacks_at
    where = {"file": "/home/ada/train.py", "line": 35, "function": "main"}
    builder.event(8.0, "stage_begin", stage="fit", where=where)
    builder.event(9.0, "stage_begin", stage="data", where={**where, "line": 36})
    builder.event(9.5, "stage_end", stage="data")  # over: nobody is there any more
    culprit = diagnose(builder.build()).verdict.culprit
    assert culprit is not None
    assert culprit.place is not None
    assert culprit.place.line == line
    assert "before the death" in culprit.note


def test_three_readings_and_no_complete_scan_still_show_the_limit(training) -> None:
    """A slow machine: nobody certified, and the first scan was cut short."""
    unseen = Unavailable("exit status", "nobody saw it")
    builder = training(certificate=None, exit=unseen, limit=192 * MIB, seconds=5.0)
    builder.marks.clear()
    builder.levels = [(0.0, 29 * MIB), (4.4, 160 * MIB), (5.0, 172 * MIB)]
    builder.inventory = {"complete": False, "entries": [], "total_bytes": 0}
    builder.inventory_at = 4.6
    case = builder.at_line("    time.sleep(0.1)").build()
    assert isinstance(case.recording, Recording)
    few = [
        replace(
            s,
            times=(s.times[7], *s.times[-7::6]),
            values=(s.values[7], *s.values[-7::6]),
        )
        for s in case.recording.series
    ]
    case = replace(case, recording=replace(case.recording, series=tuple(few)))
    verdict = diagnose(case).verdict
    assert verdict.cause == "host_oom_cgroup"
    assert verdict.factor not in ("hardware", "tensor_ops")
    assert verdict.culprit is None, "a sleep takes no memory"


@pytest.mark.parametrize(("limits", "found"), [({"cgroup_limit": -1}, 1), ({}, 0)])
def test_no_limit_in_sight_speaks_against_a_cgroups(training, limits, found) -> None:
    builder = training(limit=None, certificate=None, limits=limits)
    case = builder.grows((8, 500), (20, 505)).runs(8, step=9).build()
    findings = [
        finding.id
        for detector in load_detectors()
        if detector.id == "headroom"
        for finding in detector.detect(case)
    ]
    assert findings.count("cgroup_unlimited") == found
    hypotheses = {one.id: one for one in diagnose(case).causes}
    against = hypotheses["host_oom_cgroup"].contradicting
    assert [one.finding.id for one in against].count("cgroup_unlimited") == found


@pytest.mark.parametrize(("runs", "factor"), [(9, "tensor_leak"), (1, "data_size")])
def test_results_that_are_kept_are_no_data(training, runs, factor) -> None:
    """Arrays that pile up over calls of predict; before a single one they are data."""
    builder = training().grows((8, 450), (20, 1530)).dies_of_limit()
    each = {"type": "ndarray", "dtype": "float32"}
    builder.holds_list("maps", 100 * MIB, list(range(2, 11)), element=each)
    rows = builder.inventory["entries"][0]["history"]
    builder.inventory["entries"][0]["history"] = [
        [-1, at, size] for _, at, size in rows
    ]
    for number in range(runs):
        builder.runs(8.0 + number, stage="predict")
        builder.event(8.5 + number, "stage_end", stage="predict")
    builder.progress = {"stage": "predict", "step_in_epoch": 0}
    verdict = diagnose(builder.build()).verdict
    assert verdict.culprit is not None
    assert (verdict.factor, verdict.culprit.owner) == (factor, "maps")


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Unavailable("exit status", "nobody saw it"), "probably killed by the kernel"),
        (ExitStatus(code=137, known_by="told"), "probably killed by the kernel"),
        (ExitStatus(signal=9, known_by="pidfd"), "killed with SIGKILL, probably by"),
    ],
)
def test_a_signal_is_claimed_only_where_it_was_seen(training, ended, said) -> None:
    case = training(exit=ended).build()
    told = summarise(case, "host_oom_cgroup", 0.6, {}, None, ProgressLost())
    assert told.startswith(said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "F0000 00:00:1795421765.558553   29560 threadpool.cc:127] Check failed: "
            "num_threads >= 1 (-1 vs. 1)",
            "native code (SIGABRT): Check failed: num_threads >= 1 (-1 vs. 1)",
        ),
        (
            "double free or corruption (!prev)",
            "the heap is corrupt (SIGABRT): double free or corruption (!prev)",
        ),
        ("nothing of interest", "a library's check failed (SIGABRT)."),
    ],
)
def test_an_abort_quotes_what_the_check_said(training, line, said) -> None:
    case = training(exit=ExitStatus(signal=6, known_by="pidfd")).build()
    written = Log("stderr", "dump:stderr", (LogLine(1, line, None),))
    verdict = diagnose(replace(case, logs=(written,))).verdict
    assert verdict.cause == "native_abort_check"
    assert said in verdict.summary


def test_measures_say_that_it_is_not_known_what_filled_the_memory(training) -> None:
    builder = training().grows((10, 400), (20, 1530)).dies_of_limit()
    found = diagnose(builder.build())
    assert found.verdict.factor == "none"
    assert found.remedies
    for one in found.remedies:
        assert "memory was not what ran out" not in one.detail
        assert one.id == "bigger_limit" or one.helps == "cannot tell"
