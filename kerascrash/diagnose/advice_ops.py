"""What to write in place of an operation that blew up, by how its line is spelled."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerascrash.estimate.line_doing import line_at_death
from kerascrash.estimate.one_sample import too_large_sample
from kerascrash.estimate.statements import Statement
from kerascrash.model.case import Case
from kerascrash.model.verdict import Advice, Culprit
from kerascrash.units import format_bytes


@dataclass(frozen=True, slots=True)
class _Instead:
    """``spelled`` finds the operation in a line; the rest says what does without it."""

    spelled: re.Pattern[str]
    action: str
    detail: str


_INSTEAD = (
    _Instead(
        re.compile(
            r"\b(?:eye|identity)\([^()]*\)\s*\[|\bone_hot\(|\bto_categorical\("
            r"|\bget_dummies\(|\bOneHotEncoder\(|\bLabelBinarizer\("
        ),
        "Keep the classes as whole numbers instead of one-hot rows.",
        "One number stands for a row as long as there are classes. Labels: "
        '`loss="sparse_categorical_crossentropy"`. Inputs: a `keras.layers.Embedding`, '
        "or `keras.ops.one_hot` inside the model, where it is made for one batch only.",
    ),
    _Instead(
        re.compile(
            r"\b(?:cdist|pdist|pairwise_\w+|cosine_similarity|outer|meshgrid|kron)\("
            r"|\[[^\]]*\bNone\b[^\]]*\]\s*[-+*/]|\[[^\]]*\bnewaxis\b[^\]]*\]\s*[-+*/]"
        ),
        "Compare each block of rows with the rest, and keep only what is needed of it.",
        "Everything against everything grows with the square of the rows: keep "
        "the nearest, the sum or the largest of a block (`argmin`, `topk`).",
    ),
    _Instead(
        re.compile(r"\b(?:toarray|todense|to_dense)\("),
        "Leave it sparse, or make it dense one batch at a time.",
        "A sparse matrix has no bytes for its zeros; `tf.sparse` and "
        "`keras.utils.PyDataset` can hand out one batch of it.",
    ),
)
_ARITHMETIC = re.compile(r"[\w)\]]\s*(?:\*\*|//|[-+*/%@<>]|[=!]=)\s*[\w(\[]")


def operation_advice(case: Case, culprit: Culprit | None) -> list[Advice]:
    """Return what makes one operation smaller, by what is known of it."""
    one = too_large_sample(case)
    if one is None:
        return _instead(case, culprit)
    action = f"Make one sample smaller for `{one.layer.name}`: shorter sequences, "
    action += "smaller images, or a layer that works on parts."
    detail = (
        f"It keeps {format_bytes(one.bytes)} of each sample. Attention needs memory by "
        "the square of the length: half the length, a quarter of the memory."
    )
    saves = one.bytes * one.batch * 3 // 4
    return [Advice(action, detail, saves, culprit.place if culprit else None)]


def may_broadcast(case: Case) -> bool:
    """Tell whether the line at death puts two operands together."""
    line = _line(case)
    return line is None or bool(_ARITHMETIC.search(line.text))


def _instead(case: Case, culprit: Culprit | None) -> list[Advice]:
    line = _line(case)
    saves = culprit.bytes if culprit else None
    return [
        Advice(way.action, way.detail, saves, culprit.place if culprit else None)
        for way in _INSTEAD
        if line is not None and way.spelled.search(line.text)
    ][:1]


def _line(case: Case) -> Statement | None:
    doing = line_at_death(case)
    return (doing.inner or doing.statement) if doing else None
