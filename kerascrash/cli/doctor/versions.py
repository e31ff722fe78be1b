"""Python, TensorFlow and Keras of this environment, without importing them."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from kerascrash import __version__
from kerascrash.cli.doctor._check import Check, Result

_FRAMEWORKS = ("tensorflow", "tensorflow-cpu", "keras", "tf-keras", "jax", "torch")


def _examine() -> Result | None:
    found = {"kerascrash": __version__, "Python": platform.python_version()}
    for name in _FRAMEWORKS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    text = ", ".join(f"{name} {number}" for name, number in found.items())
    if len(found) > 2:
        return Result("ok", text, data=found)
    return Result(
        "weaker",
        f"{text}; no framework is installed beside it",
        "Reports can be read here; a training is recorded only where kerascrash is "
        "installed beside it.",
        "python -m pip install kerascrash   (in the environment of the training)",
        found,
    )


CHECK = Check("versions", "versions", "software", _examine)
