"""
Let twenty batches really run out of memory, and try what the report recommends.

    python benchmarks/forecast/deaths.py FOLDER [--only WORD] [--first N]

Each configuration is trained in a memory cgroup with a batch that is far too large,
until the kernel kills it. The batch that the report of that death recommends must then
run in the same limit, and 1.5 times as many samples must die there. What FOLDER already
holds (dumps, and which batch ran) is not run again; the forecast is always made anew.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from limits import survives

from kerascrash.collect.dump_case import load_case
from kerascrash.dump.reader import read_dump
from kerascrash.estimate.forecast_facts import forecast_facts

MIB = 1 << 20
SEAL_SECONDS = 10


@dataclass(frozen=True)
class Death:
    """A configuration, the limit in MiB it is given, and a batch that is too large."""

    name: str
    optimizer: str
    mode: str
    limit: int
    batch: int

    @property
    def key(self) -> str:
        return f"{self.name}-{self.optimizer}-{self.mode}-{self.limit}"


DEATHS = (
    Death("cnn", "adam", "graph", 1000, 2_400),
    Death("lstm", "lion", "graph", 900, 6_000),
    Death("embedding", "adamw", "graph", 1000, 80_000),
    Death("resnet", "adamw", "graph", 1200, 800),
    Death("transformer", "sgd", "graph", 1200, 800),
    Death("unet", "adam", "graph", 1000, 600),
    Death("subclassed", "lion", "graph", 900, 4_000),
    Death("cnn", "adamw", "eager", 800, 2_000),
    Death("resnet", "lion", "eager", 1000, 800),
    Death("transformer", "adam", "eager", 1400, 1_000),
    Death("unet", "adamw", "eager", 800, 500),
    Death("subclassed", "sgd", "eager", 1200, 5_000),
    Death("cnn", "sgd", "graph", 1600, 4_000),
    Death("resnet", "sgd", "graph", 1600, 1_200),
    Death("transformer", "adamw", "graph", 800, 600),
    Death("unet", "lion", "graph", 1600, 1_000),
    Death("subclassed", "adam", "graph", 1400, 6_000),
    Death("lstm", "adam", "graph", 1400, 10_000),
    Death("mlp", "sgd", "graph", 480, 12_000),
    Death("mlp", "adam", "eager", 560, 12_000),
)


class Trials:
    """Which batch of which configuration ran, kept in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "trials.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else ""
        rows = [json.loads(line) for line in text.splitlines()]
        self._known = {(row["key"], row["batch"]): bool(row["ran"]) for row in rows}

    def ran(self, death: Death, batch: int) -> bool:
        """Tell whether a batch runs in the limit: as is known, or by trying it."""
        known = self._known.get((death.key, batch))
        if known is None:
            with tempfile.TemporaryDirectory(dir=self._folder) as dumps:
                known = train(death, batch, Path(dumps))
            self._keep(death, batch, ran=known)
        return known

    def dump_of(self, death: Death) -> Path | None:
        """Return the dump of the death, None where the batch was not too large."""
        kept = self._folder / f"{death.key}.bin.gz"
        if kept.exists():
            return kept
        with tempfile.TemporaryDirectory(dir=self._folder) as dumps:
            ran = train(death, death.batch, Path(dumps))
            self._keep(death, death.batch, ran=ran)
            if ran:
                return None
            kept.write_bytes(gzip.compress(sealed(Path(dumps)).read_bytes()))
        return kept

    def _keep(self, death: Death, batch: int, *, ran: bool) -> None:
        self._known[death.key, batch] = ran
        row = {"key": death.key, "batch": batch, "ran": ran}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def train(death: Death, batch: int, dumps: Path) -> bool:
    """Tell whether a few steps of a batch end well in the limit."""
    words = [death.name, death.optimizer, death.mode, str(batch)]
    limit = death.limit * MIB
    return survives("train_batch.py", words, limit, KERASCRASH_DIR=str(dumps))


def sealed(dumps: Path) -> Path:
    """Return the only dump of a folder once its certificate is there."""
    give_up = time.monotonic() + SEAL_SECONDS
    while True:
        (dump,) = dumps.glob("*.bin")
        if read_dump(str(dump)).certificate is not None or time.monotonic() > give_up:
            return dump
        time.sleep(0.1)


def judge(death: Death, trials: Trials) -> bool:
    """Try what is recommended after a death; print it and whether it was right."""
    dump = trials.dump_of(death)
    if dump is None:
        print(f"{death.key:32s} a batch of {death.batch} did not die", flush=True)
        return False
    facts = forecast_facts(load_case(str(dump)))
    fits = facts["fits"]
    if fits is None:
        print(f"{death.key:32s} nothing recommended: {facts['reason']}", flush=True)
        return False
    batch = fits["batch_size"]
    runs, more = trials.ran(death, batch), trials.ran(death, batch * 3 // 2)
    print(
        f"{death.key:32s} {death.batch:6d} died; {batch:6d} [{fits['low']}, "
        f"{fits['high']}] {'ran' if runs else 'DIED'}; {batch * 3 // 2:6d} "
        f"{'RAN' if more else 'died'}",
        flush=True,
    )
    return runs and not more


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--first", type=int, default=len(DEATHS))
    given = parser.parse_args()
    trials = Trials(given.folder)
    chosen = [death for death in DEATHS if given.only in death.key][: given.first]
    right = sum(judge(death, trials) for death in chosen)
    print(f"right: {right} of {len(chosen)}")


if __name__ == "__main__":
    main()
