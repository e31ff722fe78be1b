"""
Arm, then run a script or module as Python itself would: ``runner.py [-m] TARGET ARGS``.

``kerascrash run`` uses it where the start-up file is not installed (a checkout). The
script runs in the real ``__main__``, so that pickles, inventories and exit handlers see
what they see without us.
"""

from __future__ import annotations

import os
import runpy
import sys


def main() -> None:
    """Take our own traces out of the way, arm, and run the target."""
    as_module = sys.argv[1:2] == ["-m"]
    target, *arguments = sys.argv[2:] if as_module else sys.argv[1:]
    sys.argv = [target, *arguments]
    option = ["-m"] if as_module else []
    sys.orig_argv = [sys.executable, *option, target, *arguments]
    script_folder = os.path.dirname(os.path.realpath(target))
    sys.path[0] = os.getcwd() if as_module else script_folder
    package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    if package not in sys.path:
        sys.path.append(package)
    os.environ.pop("KERASCRASH_RUN", None)  # for the start-up file, which is not there
    from kerascrash.record.entry import arm

    arm()

    if as_module:
        runpy.run_module(target, run_name="__main__", alter_sys=True)
    elif os.path.isdir(target):
        runpy.run_path(target, run_name="__main__")
    else:
        run_script(target)


def run_script(path: str) -> None:
    """Execute a script in the namespace of the real ``__main__``."""
    with open(path, "rb") as file:
        source = file.read()
    namespace = sys.modules["__main__"].__dict__
    for name in [n for n in namespace if not n.startswith("__") or n == "__cached__"]:
        del namespace[name]
    namespace.update(
        __file__=path,
        __name__="__main__",
        __doc__=None,
        __spec__=None,
        __package__=None,
    )
    exec(compile(source, path, "exec", dont_inherit=True), namespace)


if __name__ == "__main__":
    main()
