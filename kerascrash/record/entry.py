"""
The way in, for the three who arm: ``kerascrash.arm``, the start-up file, the runner.

Nothing of the standard library is imported here before it is sure that it is the
standard library's: a file ``json.py`` beside the user's script would be executed in
its place (once more, if it is the script). Such a program is trained unarmed.
"""

from __future__ import annotations

import os
import sys

from kerascrash.record.say import say

_WORDS = """
    array ast atexit bisect collections contextlib copyreg ctypes errno enum fcntl
    functools gc importlib io itertools json keyword linecache locale math mmap
    operator platform random re reprlib resource select selectors signal sre_compile
    sre_constants sre_parse stat string struct subprocess tempfile textwrap
    threading time token tokenize traceback types typing warnings weakref zlib
    """
NEEDED = frozenset(_WORDS.split())
"""What the recorder imports of the standard library, and what that imports."""
_FILES = (".py", ".so", ".pyd")
_OFF = ("0", "false", "no", "off")


def arm() -> None:
    """Arm this process; never raises. Says in one line why it could not."""
    try:
        hidden = find_hidden()
        if not hidden:
            from kerascrash.record.arming import arm as really_arm

            really_arm()
            return
        problem = f"{hidden[0]} hides a module of Python's own"
    except Exception as error:  # the training must go on
        problem = f"{type(error).__name__}: {error}"
    wanted = os.environ.get("KERASCRASH", "1").strip().lower() not in _OFF
    quiet = os.environ.get("KERASCRASH_QUIET", "0").strip().lower() not in _OFF
    if wanted and not quiet:
        say(f"not armed, the training goes on without: {problem}")


def find_hidden() -> list[str]:
    """Return the user's files that would be imported as modules we need."""
    found = []
    for folder in _folders_before_the_library():
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            module, extension = name.partition(".")[0], os.path.splitext(name)[1]
            path = os.path.join(folder, name)
            if module not in NEEDED or _came_from_elsewhere(module, folder):
                continue
            if extension in _FILES or os.path.exists(os.path.join(path, "__init__.py")):
                found.append(path)
    return found


def _folders_before_the_library() -> list[str]:
    library = os.path.dirname(os.path.abspath(os.__file__))
    folders: list[str] = []
    script = sys.argv[0] if getattr(sys, "argv", None) else ""
    if script not in ("", "-c", "-m") and not sys.flags.isolated:
        # At the time of the start-up file it is not yet on the path.
        folders.append(os.path.dirname(os.path.realpath(script)))
    for entry in sys.path:
        folder = os.path.abspath(entry)
        if folder == library:
            break
        if folder not in folders:
            folders.append(folder)
    return folders


def _came_from_elsewhere(module: str, folder: str) -> bool:
    """Return whether the module is imported already, and is not the user's file."""
    if module not in sys.modules:
        return False
    file = getattr(sys.modules[module], "__file__", None)
    return not isinstance(file, str) or not file.startswith(folder + os.sep)
