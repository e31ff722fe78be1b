"""Factor ``gradient_accumulation``: gradients accumulated and never released."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="gradient_accumulation",
    title="gradients accumulated and never released",
    meaning=(
        "Gradients are appended or summed over steps and not reset once they have "
        "been applied."
    ),
    prior=-1.5,
    supports={
        "gradients_kept": 9.0,
    },
    contradicts={
        "memory_was_not_short": 6.0,
    },
    remedies=(
        (
            "Add into one set of variables (`variable.assign_add(gradient)`) and zero "
            "it after applying, or use the optimizer's own "
            "`gradient_accumulation_steps=`."
        ),
        "Close the tape: no `persistent=True`, no tape kept after the step.",
    ),
    near_misses=(
        (
            "Accumulation into fixed variables costs one copy of the weights and does "
            "not grow."
        ),
    ),
)
