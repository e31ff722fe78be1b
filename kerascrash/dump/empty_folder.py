"""The folder of dumps, once the last of them is gone: a clean exit leaves nothing."""

from __future__ import annotations

import contextlib
import os

FOLDER_NAME = "kerascrash-dumps"
IGNORE_FILE = ".gitignore"
IGNORE_TEXT = "*\n"


def remove_if_empty(folder: str) -> None:
    """
    Remove a folder of our own naming that holds nothing but our ``.gitignore``.

    One that the user chose by another name stays. Never raises; who arms at the same
    moment makes the folder again.
    """
    if os.path.basename(folder) != FOLDER_NAME:
        return
    with contextlib.suppress(OSError):
        if os.listdir(folder) == [IGNORE_FILE]:
            os.unlink(os.path.join(folder, IGNORE_FILE))
        os.rmdir(folder)
