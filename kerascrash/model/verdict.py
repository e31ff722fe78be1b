"""What the diagnosis says: hypotheses weighed, a culprit named, advice given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kerascrash.model.case import Case
from kerascrash.model.evidence import Evidence, Finding, Place, Unavailable
from kerascrash.model.redaction import Redaction


@dataclass(frozen=True, slots=True)
class Weighed:
    """One finding with its visible weight in a hypothesis (negative: against)."""

    finding: Finding
    weight: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """
    A cause or factor with its score (prior + sum of weights) and confidence 0…1.

    ``not_examined`` lists what could have spoken for or against it and was not there.
    ``settle`` is the one command that would settle it against its best rival.
    """

    id: str
    title: str
    score: float
    prior: float
    confidence: float
    supporting: tuple[Weighed, ...] = ()
    contradicting: tuple[Weighed, ...] = ()
    not_examined: tuple[Unavailable, ...] = ()
    settle: str = ""


@dataclass(frozen=True, slots=True)
class Culprit:
    """
    The object of the user's code that is to blame, and the line that makes it grow.

    ``owner`` is the path a person would recognise (``Trainer.history``), ``kind`` says
    what it is (``list of 1,920 EagerTensor``). Bytes; growth in bytes per step or None.
    ``growth_per`` says what that growth goes with where no step was counted:
    ``element`` (of a container) or ``graph`` (a function's trace).
    ``growth_bytes_per_epoch`` is known where it grows at the ends of epochs alone.
    """

    owner: str
    kind: str
    bytes: int | None = None
    growth_bytes_per_step: float | None = None
    place: Place | None = None
    note: str = ""
    growth_per: str = "step"
    growth_bytes_per_epoch: float | None = None

    @property
    def pace(self) -> tuple[float | None, str]:
        """Return how many bytes it grows, and with what, as a person would say it."""
        if self.growth_bytes_per_epoch is not None:
            return self.growth_bytes_per_epoch, "epoch"
        return self.growth_bytes_per_step, self.growth_per

    @property
    def is_batch(self) -> bool:
        """Whether ``bytes`` are what a batch needs in all: nobody ever held them."""
        return self.kind.startswith("batch")


@dataclass(frozen=True, slots=True)
class Advice:
    """
    One thing to do; ``saves_bytes`` is its predicted effect where it can be told.

    ``place`` is the line to change, ``example`` what would stand there.
    """

    action: str
    detail: str = ""
    saves_bytes: int | None = None
    place: Place | None = None
    example: str = ""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One share of the peak; ``known_by``: measured, computed, inferred."""

    name: str
    bytes: int
    known_by: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """
    Where the bytes of one device (or the host) were; lines sum up to ``total``.

    ``at`` is the moment: ``death`` or ``peak``; ``view`` what its lines are: bytes by
    ``purpose``, or by ``operation`` or piece of the allocator.
    """

    device: str
    total: int
    lines: tuple[LedgerLine, ...]
    time: float | None = None
    at: str = "death"
    view: str = "purpose"


@dataclass(frozen=True, slots=True)
class LayerRow:
    """
    One layer at the batch that died; sizes in bytes.

    ``output`` is one sample's. ``state`` are its weights with their gradients and
    optimizer slots, ``activations`` what the backward pass needs of it, ``share`` both
    of all that the model needs. ``dominates``: one of the few that need most.
    """

    name: str
    type: str
    output: tuple[int, ...]
    parameters: int
    state: int
    activations: int
    share: float
    trainable: bool = True
    dominates: bool = False


@dataclass(frozen=True, slots=True)
class LayerTable:
    """The layers of the model that was trained, in its order."""

    model: str
    batch: int
    state: int
    activations: int
    rows: tuple[LayerRow, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """
    What one measure would bring here; every measure that people name has its answer.

    ``helps``: ``yes``, ``no`` or ``cannot tell``; ``detail`` says how much of what, or
    why not. ``saves_bytes`` at the batch that died, None where it is not a number.
    ``place`` is the line to change, ``example`` what would stand there. ``changes``
    says how far the results of the training change: 0 not at all … 3 another model.
    """

    id: str
    name: str
    helps: str
    detail: str
    saves_bytes: int | None = None
    place: Place | None = None
    example: str = ""
    changes: int = 0


@dataclass(frozen=True, slots=True)
class ProgressLost:
    """Where the training stood, the last checkpoint known, and how to resume."""

    stage: str = ""
    epoch: int | None = None
    step: int | None = None
    steps_per_epoch: int | None = None
    batch_size: int | None = None
    checkpoint: str = ""
    checkpoint_epoch: int | None = None
    seconds: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer in one place; ``summary`` is plain words, at most three lines."""

    cause: str
    confidence: float
    factor: str
    factor_confidence: float
    summary: str
    culprit: Culprit | None = None
    second_factor: str = "none"
    advice: tuple[Advice, ...] = ()
    certainty: str = (
        ""  # confidence in words: "proven", "very likely", "likely", "a guess"
    )


@dataclass(frozen=True, slots=True)
class Signature:
    """
    What makes two deaths the same, wherever and whenever they happen.

    ``id`` is short and stands for the parts, in which nothing is left that differs
    from run to run: no counts, sizes, line numbers, process ids or folders.
    ``place`` is ``train.py, step``. Empty parts were not known.
    """

    id: str = ""
    cause: str = ""
    factor: str = ""
    owner: str = ""
    kind: str = ""
    place: str = ""

    @property
    def text(self) -> str:
        """The parts in one line, as a person reads them."""
        who = f"{self.owner} ({self.kind})" if self.kind else self.owner
        factor = "" if self.factor == "none" else self.factor
        said = (self.cause, factor, who, self.place)
        return " · ".join(part for part in said if part)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    Everything a report shows.

    ``causes`` and ``factors`` are sorted, best first. ``faults`` are rules of ours that
    raised. ``forecast`` and ``ledgers`` stay empty until the evidence allows them.
    ``remedies`` say what each measure would bring, those that help first.
    ``allocators`` are rows of the JSON report, see estimate/device_memory.py.
    ``redaction`` tells what was taken out before sharing, None where nothing was.
    """

    case: Case
    verdict: Verdict
    causes: tuple[Hypothesis, ...]
    factors: tuple[Hypothesis, ...]
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    progress: ProgressLost = field(default_factory=ProgressLost)
    ledgers: tuple[Ledger, ...] = ()
    forecast: Mapping[str, Any] = field(default_factory=dict)
    allocators: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[str, ...] = ()
    signature: Signature = field(default_factory=Signature)
    redaction: Redaction | None = None
    layers: LayerTable | None = None
    remedies: tuple[Remedy, ...] = ()
