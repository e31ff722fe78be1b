"""Hand-made diagnoses: one with everything in it, one with nothing."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from kerascrash.model.case import (
    Case,
    ExitStatus,
    Log,
    LogLine,
    Mark,
    Process,
    Recording,
    Series,
)
from kerascrash.model.core import CoreFile, Mapping
from kerascrash.model.evidence import Damage, Evidence, Finding, Place, Unavailable
from kerascrash.model.redaction import Redaction, Replaced
from kerascrash.model.verdict import (
    Advice,
    Culprit,
    Diagnosis,
    Hypothesis,
    Ledger,
    LedgerLine,
    ProgressLost,
    Signature,
    Verdict,
    Weighed,
)
from kerascrash.report import html

if TYPE_CHECKING:
    from collections.abc import Callable

START = 1_795_441_402.0
DEATH = START + 369.2
GIB = 1 << 30
MIB = 1 << 20
EXCERPT = (
    (36, "    def train(self, dataset, steps):"),
    (37, "        for step in range(steps):"),
    (38, "            batch = next(dataset)"),
    (39, "            with tf.GradientTape() as tape:"),
    (40, "                loss = self.loss(self.model(batch), batch)"),
    (41, "            self.history.append(self.model(batch))"),
    (42, "            grads = tape.gradient(loss, self.model.trainable_weights)"),
    (43, "            self.optimizer.apply(grads)"),
    (44, ""),
    (45, "    def report(self):"),
    (46, "        return len(self.history)"),
)
PLACE = Place("/home/ada/project/train.py", 41, "Trainer.train", EXCERPT)


def memory_series() -> tuple[Series, ...]:
    """Six minutes of a leak: import, build, then growth up to the limit; one gap."""
    times, rss = [], []
    for tick in range(3692):
        now = tick / 10
        if 200 < now < 212:
            continue
        base = 60 * MIB + min(now / 6, 1) * 480 * MIB + (now > 9) * 60 * MIB
        leak = max(0.0, now - 14) * 4 * MIB * 5.24
        times.append(START + now)
        rss.append(int(base + leak + (tick * 7919 % 97) * MIB / 8))
    late = tuple(t + 0.004 for t in times[-600:])
    cgroup = tuple(v + 90 * MIB for v in rss)
    limit = (8 * GIB,) * len(times)
    host = tuple(31 * GIB - v for v in rss)
    total = (32 * GIB,) * len(times)
    return (
        Series("rss", "recorder", tuple(times), tuple(rss)),
        Series("rss", "watcher", late, tuple(v + MIB for v in rss[-600:])),
        Series("cgroup_current", "recorder", tuple(times), cgroup),
        Series("cgroup_limit", "recorder", tuple(times), limit),
        Series("host_available", "recorder", tuple(times), host),
        Series("host_total", "recorder", tuple(times), total),
    )


def marks() -> tuple[Mark, ...]:
    """Stages and six epochs; the seventh is not finished."""
    found = [
        Mark(START + 0.3, "stage_begin", {"stage": "import"}),
        Mark(START + 6.2, "stage_end", {"stage": "import", "ok": True}),
        Mark(START + 6.4, "stage_begin", {"stage": "data"}),
        Mark(START + 8.9, "stage_end", {"stage": "data", "ok": True}),
        Mark(START + 9.0, "stage_begin", {"stage": "build"}),
        Mark(START + 13.1, "stage_end", {"stage": "build", "ok": True}),
        Mark(START + 14, "stage_begin", {"stage": "fit"}),
    ]
    for epoch in range(7):
        found.append(Mark(START + 14 + 52 * epoch, "epoch_begin", {"epoch": epoch}))
        if epoch < 6:
            evaluation = START + 14 + 52 * epoch + 45
            found += [
                Mark(evaluation, "stage_begin", {"stage": "evaluate"}),
                Mark(evaluation + 6, "stage_end", {"stage": "evaluate", "ok": True}),
                Mark(evaluation + 6.5, "checkpoint", {"path": f"ckpt/e{epoch}.keras"}),
            ]
    return tuple(found)


def inventory() -> dict[str, Any]:
    """What user code holds: the leak, a data set, a cache and the weights."""
    history = [[s, START + 14 + s / 5.24, s * 4 * MIB] for s in range(100, 1921, 60)]
    entry = {
        "owner": "Trainer.history",
        "path": "__main__.trainer.history",
        "scope": "instance",
        "type": "list",
        "kind": "list of 1,920 EagerTensor",
        "count": 1920,
        "bytes": 1920 * 4 * MIB,
        "estimated": False,
        "element": {"type": "EagerTensor", "shape": [1024, 1024], "dtype": "float32"},
        "dtypes": {"float32": 1920 * 4 * MIB},
        "device": "host",
        "growth_bytes_per_step": 4.0 * MIB,
        "growth_count_per_step": 1.0,
        "growth_bytes_per_second": 21.0 * MIB,
        "history": history,
        "place": {
            "file": PLACE.file,
            "line": 41,
            "function": PLACE.function,
            "excerpt": [list(line) for line in EXCERPT],
        },
        "place_how": "append",
    }
    data = {
        **entry,
        "owner": "x_train",
        "path": "__main__.x_train",
        "scope": "module",
        "type": "ndarray",
        "kind": "ndarray float32 (60000, 28, 28, 1)",
        "count": 1,
        "bytes": 188_160_000,
        "growth_bytes_per_step": None,
        "history": [],
        "growth_count_per_step": None,
        "growth_bytes_per_second": None,
        "place": {
            "file": PLACE.file,
            "line": 12,
            "function": "<module>",
            "excerpt": [],
        },
        "place_how": "assign",
    }
    cache = {
        **data,
        "owner": "cache['embeddings']",
        "kind": "dict of 12 ndarray",
        "type": "dict",
        "count": 12,
        "bytes": 96 * MIB,
        "estimated": True,
        "place": None,
    }
    return {
        "time_ns": 1,
        "step": 1920,
        "reason": "pressure",
        "complete": True,
        "scan_us": 840,
        "total_bytes": 1920 * 4 * MIB + 188_160_000 + 96 * MIB,
        "entries": [entry, data, cache],
    }


def models() -> dict[str, Any]:
    """One small model, its optimizer, the batches it saw and the data it was given."""
    layers = [
        {
            "name": f"dense_{i}",
            "class": "Dense",
            "output_shape": [None, 1024],
            "parameters": 1_049_600,
            "dtype": "float32",
            "weights_bytes": 4_198_400,
        }
        for i in range(4)
    ]
    model = {
        "name": "sequential",
        "class": "Sequential",
        "built": True,
        "parameters": 4_198_400,
        "trainable_parameters": 4_198_400,
        "weights_bytes": 16_793_600,
        "dtype_policy": "float32",
        "layers": layers,
        "optimizer": {"class": "Adam", "variables": 18, "bytes": 33_587_204},
        "jit_compile": False,
        "run_eagerly": False,
        "steps_per_execution": 1,
        "config": None,
        "place": {"file": PLACE.file, "line": 20, "function": "make"},
    }
    return {
        "models": [model],
        "batches": [
            {
                "stage": "fit",
                "batch_size": 32,
                "shapes": [["x", [32, 784], "float32"], ["y", [32], "int64"]],
                "count": 1920,
            }
        ],
        "data": [
            {
                "name": "x",
                "type": "ndarray",
                "shape": [60000, 28, 28, 1],
                "dtype": "float32",
                "bytes": 188_160_000,
                "place": None,
            }
        ],
    }


def stacks() -> dict[str, Any]:
    """Two threads: the one that trains, and a data loader."""
    frames = [
        {
            "file": PLACE.file,
            "line": 41,
            "function": "Trainer.train",
            "user": True,
            "source": EXCERPT[5][1].strip(),
        },
        {
            "file": PLACE.file,
            "line": 88,
            "function": "main",
            "user": True,
            "source": "trainer.train(iter(dataset), steps=100_000)",
        },
        {
            "file": "<frozen runpy>",
            "line": 88,
            "function": "_run_code",
            "user": False,
            "source": None,
        },
    ]
    main = {
        "name": "MainThread",
        "ident": 1,
        "native_id": 4711,
        "main": True,
        "frames": frames,
        "excerpt": [list(line) for line in EXCERPT],
    }
    loader = {**main, "name": "loader-0", "main": False, "frames": frames[2:]}
    return {"time_ns": 1, "reason": "pressure", "threads": [main, loader]}


def environment() -> dict[str, Any]:
    """Versions, machine, settings."""
    return {
        "python": "3.11.7",
        "implementation": "CPython",
        "platform": "linux",
        "kernel": "6.1.0-18-amd64",
        "machine": "x86_64",
        "cpu_count": 8,
        "cpu_flags": ["avx", "avx2", "fma"],
        "packages": {"tensorflow": "2.21.0", "keras": "3.15.0", "numpy": "2.3.1"},
        "env": {"TF_CPP_MIN_LOG_LEVEL": "1", "OMP_NUM_THREADS": "4"},
        "argv": ["train.py", "--epochs", "10", "--token", "****"],
        "cwd": "/home/ada/project",
        "script": "train.py",
        "cgroup": {"version": 2, "path": "/docker/9f2", "levels": []},
        "memory": {"total": 32 * GIB, "swap_total": 0},
        "container": "docker",
        "stderr": {"kind": "tty", "path": None, "offset": None},
        "settings": {},
    }


KERNEL_LINE = (
    "Memory cgroup out of memory: Killed process 4711 (python) total-vm:14680064kB, "
    "anon-rss:8126464kB, file-rss:81920kB, shmem-rss:0kB, UID:1000 oom_score_adj:0"
)


def logs() -> tuple[Log, ...]:
    """The kernel's line and a noisy standard error."""
    kernel = [
        "python invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0",
        "memory: usage 8388608kB, limit 8388608kB, failcnt 4021",
        KERNEL_LINE,
    ]
    errors = [
        "I0000 tensorflow/core/util/port.cc:153] oneDNN custom operations are on.",
        "Epoch 7/10",
        " 212/1000 ━━━━ 45s 57ms/step - loss: 0.0921",
    ]
    return (
        Log(
            "kernel",
            "certificate: kernel log",
            tuple(
                LogLine(n, text, DEATH - 0.2 + n / 20)
                for n, text in enumerate(kernel, 1)
            ),
        ),
        Log(
            "stderr",
            "train.err",
            tuple(LogLine(n, text) for n, text in enumerate(errors, 1)),
            total_lines=412,
        ),
    )


def hypotheses(kernel: Evidence, usage: Evidence) -> tuple[Hypothesis, ...]:
    """The cause that holds, and its rival."""
    killed = Finding(
        "kernel_oom_line",
        "The kernel says that it killed this process for "
        "memory, within its cgroup's limit.",
        1.0,
        (kernel,),
    )
    at_limit = Finding(
        "cgroup_at_limit",
        "Usage was at the container's limit "
        "(8.0 GiB of 8.0 GiB) 34 ms before the death.",
        0.95,
        (usage,),
    )
    host_free = Finding(
        "host_had_room", "The machine had 23.1 GiB left.", 1.0, (usage,)
    )
    journal = Unavailable(
        "journal of the OOM daemon", "the file cannot be read (EACCES)"
    )
    return (
        Hypothesis(
            "host_oom_cgroup",
            "Killed at the container's memory limit",
            9.1,
            -2.2,
            0.98,
            (Weighed(killed, 6.5), Weighed(at_limit, 4.8)),
            (),
            (journal,),
            "dmesg | grep -B 20 'Killed process 4711'",
        ),
        Hypothesis(
            "host_oom_global",
            "Killed because the whole machine ran out of memory",
            -1.5,
            -2.5,
            0.013,
            (Weighed(killed, 2.0),),
            (Weighed(host_free, -3.0),),
            (journal,),
            "dmesg | grep constraint=",
        ),
        Hypothesis(
            "external_kill", "Killed by a person or another program", -3.0, -3.0, 0.004
        ),
    )


def forecast_points() -> list[dict[str, Any]]:
    """A run of batch 32 was measured; 96 fits, the 128 that died does not."""
    inferred = [
        {
            "batch_size": batch,
            "peak_bytes": peak,
            "low_bytes": int(0.9 * peak),
            "high_bytes": int(1.1 * peak),
            "known_by": "inferred",
        }
        for batch in (32, 64, 96, 128, 192)
        if (peak := 90 * MIB + batch * 80 * MIB)
    ]
    seen = {"batch_size": 32, "peak_bytes": 2650 * MIB, "known_by": "measured"}
    return [seen, *inferred]


def make_diagnosis() -> Diagnosis:
    """Everything a report can show, consistent with itself."""
    kernel = Evidence("E1", "certificate: kernel log", KERNEL_LINE, DEATH - 0.05, 3)
    usage = Evidence(
        "E2",
        "dump:watch",
        "cgroup_current = 8,589,934,592 bytes, limit 8,589,934,592",
        DEATH - 0.034,
        None,
        {"cgroup_current": 8 * GIB},
    )
    held = Evidence(
        "E3",
        "dump:inventory",
        "Trainer.history: 1,920 EagerTensor, 7.5 GiB",
        DEATH - 0.21,
    )
    grows = Finding(
        "container_grows",
        "`Trainer.history` grew by 4.0 MiB each step and "
        "never shrank; it explains 96 % of the growth.",
        0.97,
        (held,),
    )
    recording = Recording(
        "train-20261123T140322-4711.bin",
        "sealed",
        memory_series(),
        marks(),
        {"stage": "fit", "epoch": 6, "step": 1920},
        inventory(),
        models(),
        stacks(),
        environment(),
        {"pipelines": []},
        {"rlimits": {"RLIMIT_AS": [-1, -1]}, "cgroup_limit": 8 * GIB, "overcommit": 0},
        last_sample=DEATH - 0.034,
    )
    certificate = {
        "version": 1,
        "sealed": DEATH + 0.02,
        "death": {"realtime": DEATH},
        "exit": {
            "status": 9,
            "code": None,
            "signal": 9,
            "core": False,
            "known_by": "pidfd",
        },
        "biggest": [
            {
                "pid": 4711,
                "comm": "python",
                "rss": 8 * GIB - 90 * MIB,
                "same_cgroup": True,
                "growth": 7 * GIB,
            },
            {
                "pid": 812,
                "comm": "postgres",
                "rss": 310 * MIB,
                "same_cgroup": False,
                "growth": None,
            },
        ],
    }
    case = Case(
        "linux",
        ExitStatus(signal=9, known_by="pidfd", raw="9"),
        Process(
            4711,
            ("train.py", "--epochs", "10"),
            "python",
            START,
            "b00t",
            1000,
            script="train.py",
            cwd="/home/ada/project",
        ),
        recording,
        certificate,
        logs(),
        DEATH,
        True,
        core=CoreFile(
            "core.4711",
            "x64",
            9,
            0,
            None,
            1,
            4711,
            4711,
            "python",
            ("train.py",),
            pc=0x7F0000001018,
            sp=0x7FFE00000000,
            at=Mapping("/usr/lib/libc.so.6", 0x7F0000001000, 0x7F0000009000, 0x2000),
        ),
        damage=(
            Damage("events", "one slot has a wrong checksum and was left out", 81920),
        ),
        unavailable=(Unavailable("GPU", "no NVIDIA driver on this machine"),),
    )
    ledger = Ledger(
        "host",
        8_852_640_020,
        (
            LedgerLine(
                "Tensors held by Python", 1920 * 4 * MIB, "measured", "Trainer.history"
            ),
            LedgerLine(
                "Runtime baseline", 480 * MIB, "measured", "after import and build"
            ),
            LedgerLine("Input data", 188_160_000, "measured", "x_train"),
            LedgerLine(
                "Weights and optimizer", 50_380_804, "computed", "Adam, 4.2 M weights"
            ),
            LedgerLine("Unexplained remainder", 58_720_256, "inferred"),
        ),
        DEATH - 0.034,
    )
    return Diagnosis(
        case,
        Verdict(
            "host_oom_cgroup",
            0.98,
            "tensor_leak",
            0.96,
            "killed by the kernel: container memory limit (8.0 GiB) reached.\n"
            "`Trainer.history` (train.py:41) holds 1,920 EagerTensors = 7.5 GiB, "
            "+4.0 MiB per step.",
            Culprit(
                "Trainer.history",
                "list of 1,920 EagerTensor",
                1920 * 4 * MIB,
                4.0 * MIB,
                PLACE,
                "explains 96 % of the growth",
            ),
            "none",
            (
                Advice(
                    "Keep a number instead of the tensor in `Trainer.history`",
                    "Line 41 appends the model's whole output at every step. Append "
                    "`float(loss)` or `output.numpy().mean()` instead, or keep only "
                    "last few with `collections.deque(maxlen=100)`.",
                    7_500 * MIB,
                    PLACE,
                ),
                Advice(
                    "Write what must be kept to disk",
                    "`np.save` every 100 steps, then clear the list.",
                    7_300 * MIB,
                ),
                Advice(
                    "Save a checkpoint within the epoch",
                    "`BackupAndRestore(save_freq=500)` loses 500 steps at most.",
                ),
            ),
            "very likely",
        ),
        hypotheses(kernel, usage),
        (
            Hypothesis(
                "tensor_leak",
                "Tensors kept alive in a Python container",
                5.1,
                -1.9,
                0.96,
                (Weighed(grows, 7.0),),
                (),
                (),
                "watch len(Trainer.history)",
            ),
            Hypothesis("batch_size", "The batch is too large", -2.0, -1.6, 0.02),
        ),
        (grows,),
        (kernel, usage, held),
        ProgressLost(
            "fit",
            6,
            1920,
            1000,
            32,
            "ckpt/e5.keras",
            5,
            42.0,
            "Died in epoch 7 at step 212 of 1,000. Last checkpoint: "
            "`ckpt/e5.keras` (end of epoch 6): about 42 s of training are lost. "
            "Resume with `keras.models.load_model('ckpt/e5.keras')` and "
            "`fit(…, initial_epoch=6)`.",
        ),
        (ledger,),
        {
            "fits": {"batch_size": 96, "low": 88, "high": 104, "limit_bytes": 8 * GIB},
            "points": forecast_points(),
            "batch_size": 128,
            "limit_bytes": 8 * GIB,
            "mapped_bytes": 90 * MIB,
        },
        signature=Signature(
            "84a219e2ad",
            "host_oom_cgroup",
            "tensor_leak",
            "Trainer.history",
            "list of EagerTensor",
            "train.py, train",
        ),
        redaction=Redaction(
            False, (Replaced("secret", 2, 5), Replaced("user", 1, 3)), ("file names",)
        ),
    )


def make_empty() -> Diagnosis:
    """Nothing could be looked at."""
    gone = Unavailable
    case = Case(
        "unknown",
        gone("exit status", "nobody gave it"),
        gone("process", "no dump"),
        gone("recording", "the script was not armed"),
        gone("certificate", "no watcher ran"),
    )
    return Diagnosis(
        case, Verdict("unknown", 0.0, "none", 0.0, "cannot tell how it died."), (), ()
    )


def spoil(value: Any, payload: str) -> Any:
    """Return the value with the payload put before every text within it."""
    if isinstance(value, str):
        return payload + value
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            f.name: spoil(getattr(value, f.name), payload) for f in fields(value)
        }
        return replace(value, **changed)
    if isinstance(value, dict):
        return {key: spoil(item, payload) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(spoil(item, payload) for item in value)
    return value


def spoil_diagnosis(diagnosis: Diagnosis, payload: str) -> Diagnosis:
    """Put the payload in every text of the case, and in what rules made of it."""
    case = diagnosis.case
    recording = case.recording
    kept = replace(
        spoil(replace(recording, series=()), payload),
        series=recording.series,
        marks=tuple(
            replace(mark, data=spoil(mark.data, payload)) for mark in recording.marks
        ),
        environment={
            **spoil(recording.environment, payload),
            "env": {payload + name: payload for name in ("A", "B")},
            "packages": {payload: payload},
        },
    )
    verdict = diagnosis.verdict
    return replace(
        spoil(replace(diagnosis, case=()), payload),
        case=replace(spoil(replace(case, recording=()), payload), recording=kept),
        faults=(payload,),
        forecast=diagnosis.forecast,  # numbers, and words that only we write
        verdict=replace(
            spoil(verdict, payload), cause=verdict.cause, factor=verdict.factor
        ),
        causes=tuple(replace(spoil(h, payload), id=h.id) for h in diagnosis.causes),
        factors=tuple(replace(spoil(h, payload), id=h.id) for h in diagnosis.factors),
    )


@pytest.fixture(scope="session")
def diagnosis() -> Diagnosis:
    """Everything a report can show."""
    return make_diagnosis()


@pytest.fixture(scope="session")
def empty_diagnosis() -> Diagnosis:
    """All sources unavailable."""
    return make_empty()


@pytest.fixture(scope="session")
def page(diagnosis: Diagnosis) -> str:
    """The full diagnosis as HTML."""
    return html.render(diagnosis)


@pytest.fixture(scope="session")
def spoil_all() -> Callable[[Diagnosis, str], Diagnosis]:
    """Return what puts a text before every text of a diagnosis."""
    return spoil_diagnosis
