"""Whose a source file is: the user's, unless something installed it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_CYTHON = (".pyx", ".pxd", ".pxi")
_distributions: dict[str, tuple[str, ...]] = {}
"""``pip install --target``: folder on ``sys.path`` → what was installed into it."""


def belongs_to_user(filename: str, library: Iterable[str], path: Iterable[str]) -> bool:
    """
    Return whether code of this file is the user's own.

    ``library``: folders of the interpreter and of kerascrash, with a separator at the
    end; ``path``: the interpreter's ``sys.path``.
    """
    if filename.startswith("<"):
        return filename in {"<stdin>", "<string>"} or filename.startswith("<ipython")
    file = os.path.abspath(filename)
    if filename.endswith(_CYTHON) and not os.path.exists(file):
        return False  # named as it was when the wheel was built: `numpy/random/x.pyx`
    if file.startswith(tuple(library)) or any(part in file for part in _PACKAGES):
        return False
    if any(_is_installed(file, folder) for folder in path if folder):
        return False
    return "__autograph_generated_file" not in file


def _is_installed(file: str, folder: str) -> bool:
    """Return whether ``file`` is of a package that was installed into ``folder``."""
    if not file.startswith(folder + os.sep):
        return False
    distributions = _distributions.get(folder)
    if distributions is None:
        try:
            names = os.listdir(folder)
        except OSError:
            names = []
        distributions = _distributions[folder] = tuple(
            name.lower() for name in names if name.endswith(".dist-info")
        )
    package = file[len(folder) + 1 :].partition(os.sep)[0].lower()
    return any(name.startswith(package) for name in distributions)
