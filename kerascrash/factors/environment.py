"""Factor ``environment``: libraries or settings that do not fit together."""

from __future__ import annotations

from kerascrash.model.rules import Rule

FACTOR = Rule(
    id="environment",
    title="libraries or settings that do not fit together",
    meaning=(
        "Versions, settings or limits of the surroundings are the reason, not what "
        "the program computes."
    ),
    prior=-1.5,
    supports={
        "raised_import_error": 5.0,
        "address_space_limit": 3.0,
    },
    remedies=(
        "Install matching versions into a fresh environment.",
        "Look at `ulimit -a` and the job's limits.",
    ),
    near_misses=(
        "A warning about versions at start-up that the run survived is not the reason.",
    ),
)
