"""
The frameworks' own profilers, one session at a time: TensorFlow's and JAX's.

They know one session each, whoever began it: so the user's sessions go first. Where the
user begins one, ours is ended before; while there is one, and once a profiler's server
was started, ours stay away. Nothing is imported here that the user has not imported,
but for the profiler's own small library.
"""

from __future__ import annotations

import os
import sys
from functools import partial

from kerascrash.record.hook import guarded
from kerascrash.record.keras_backend import keras_backend
from kerascrash.record.module_watch import when_imported
from kerascrash.record.quiet_log import QuietLog
from kerascrash.record.safe import namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

TENSORFLOW, JAX = "tensorflow", "jax"
_MODULES = {
    TENSORFLOW: "tensorflow.python.profiler.internal._pywrap_profiler",
    JAX: "jaxlib._profiler",
}
_INJECTED = ("CUDA_INJECTION64_PATH", "NSYS_PROFILING_SESSION_ID")
"""Nsight Systems or Compute is at work: CUPTI has room for one of them."""


class Busy(Exception):
    """Somebody else profiles now."""


class Profilers:
    """Begins and ends sessions; ``at_users`` is called before the user's own begin."""

    def __init__(
        self, recorder: Recorder, hook: str, at_users: Callable[[], None]
    ) -> None:
        self._recorder = recorder
        self._hook = hook
        self._at_users = guarded(recorder, hook, at_users)
        self._makers: dict[str, Callable[..., Any]] = {}
        self._removers: list[Callable[[], None]] = []
        self._quiet = QuietLog()
        self.served = any(name in os.environ for name in _INJECTED)
        """A profiler's server, or another profiler, takes what it wants by itself."""

    def install(self) -> None:
        """Watch for the user's own sessions."""
        for which, name in _MODULES.items():
            call = partial(self._step_aside, which)
            self._removers.append(when_imported(self._recorder, self._hook, name, call))

    def remove(self) -> None:
        """Leave the profilers' modules as they were."""
        for each in self._removers:
            each()

    def _step_aside(self, which: str, module: Any) -> None:
        self._makers[which] = module.ProfilerSession
        self._before(module, "ProfilerSession", self._at_users)
        self._before(module, "start_server", self._serve)

    def _serve(self) -> None:
        self.served = True
        self._at_users()

    def _before(self, module: Any, name: str, call: Callable[[], None]) -> None:
        original = getattr(module, name)

        def observed(*args: Any, **kwargs: Any) -> Any:
            call()
            return original(*args, **kwargs)

        observed.__name__ = observed.__qualname__ = name
        observed.__doc__ = original.__doc__
        setattr(module, name, observed)

        def restore() -> None:
            if getattr(module, name, None) is observed:
                setattr(module, name, original)

        self._removers.append(restore)

    def has_devices(self) -> bool:
        """Return whether a framework that can be profiled has begun to use devices."""
        return bool(_trains_on())

    def ready(self) -> str:
        """Return whose profiler sees this training now, nothing where none does."""
        which = _trains_on()
        if self.served or not which or _users_session(which):
            return ""
        if which not in self._makers:
            __import__(_MODULES[which])
        return which if which in self._makers else ""

    def begin(self, which: str, folder: str) -> Any:
        """Return a running session that will write to ``folder``; raises Busy."""
        make = self._makers[which]
        try:
            if which == TENSORFLOW:
                with self._quiet():
                    session = make()
                    session.start(folder, {})
                return session
            options = sys.modules[_MODULES[JAX]].ProfileOptions()
            options.python_tracer_level = 0  # each Python call costs an event
            return make(options)
        except Exception as error:
            if "another profil" in str(error).lower():
                raise Busy from None
            raise

    def end(self, which: str, session: Any, folder: str) -> str:
        """End a session; return the folder that its trace was written to."""
        if which == TENSORFLOW:
            with self._quiet():
                session.export_to_tb()
            home = os.path.join(folder, "plugins", "profile")
            return os.path.join(home, os.listdir(home)[0])
        # Its own way to write adds a second file, for a viewer, and ten times the cost.
        data = session.stop()
        home = os.path.join(folder, "session")
        os.makedirs(home, 0o700)
        with open(os.path.join(home, f"{_host()}.xplane.pb"), "wb") as file:
            file.write(data)
        return home


def _trains_on() -> str:
    """Return the framework whose work a profiler would see, once it has devices."""
    backend = keras_backend()
    if backend in (None, JAX) and _jax_is_there():
        return JAX
    return (
        TENSORFLOW if backend in (None, TENSORFLOW) and _tensorflow_is_there() else ""
    )


def _jax_is_there() -> bool:
    space = namespace_of(sys.modules.get("jax._src.xla_bridge"))
    return bool(space and space.get("_backends"))


def _tensorflow_is_there() -> bool:
    space = namespace_of(sys.modules.get("tensorflow.python.eager.context"))
    context = space.get("_context") if space else None
    return bool(context is not None and context._initialized)  # noqa: SLF001


def _users_session(which: str) -> bool:
    """Return whether the user's own session runs: each framework keeps one."""
    if which == JAX:
        state = getattr(sys.modules.get("jax._src.profiler"), "_profile_state", None)
        return getattr(state, "profile_session", None) is not None
    module = sys.modules.get("tensorflow.python.profiler.profiler_v2")
    return getattr(module, "_profiler", None) is not None


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else "host"
