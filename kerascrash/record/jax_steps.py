"""
Steps of a plain JAX loop: told from the gradient, which every training takes.

Called eagerly, each gradient is a step. Inside ``jax.jit`` it is only seen while that
is traced: from then on each call of that function is a step, told by the hook that JAX
calls after a compiled function (it checks for NaN by it). The hook is set with the
first gradient that is seen, and only where nobody else has one there. Not seen: loops
that take no gradient, and the calls of a function that are traced anew (the first one
is made up for).
"""

from __future__ import annotations

import functools
import sys
import types
import weakref

from kerascrash.dump.records import Stage
from kerascrash.record.hook import guarded
from kerascrash.record.places import find_place
from kerascrash.record.safe import cell_value, class_attributes, instance_dict, mro_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

    from kerascrash.record.loop_steps import LoopSteps
    from kerascrash.record.recorder import Recorder

CHECK = "check_callable"
"""What ``jax.vjp`` calls first, and with it every gradient; it returns at once, so no
frame of ours is below what is traced and none appears in JAX's own tracebacks."""
_CORE = "jax._src.core"
_DEPTH = 400
_HOPS = 6
_MOST = 2000
_GRADIENT = frozenset(("vjp", "_vjp"))
_BETWEEN = ("traceback_util.py", "util.py")
"""Files of JAX whose wrappers stand around everything: they tell nothing apart."""


class JaxSteps:
    """Which compiled functions train; counts their calls."""

    def __init__(self, recorder: Recorder, name: str, loop: LoopSteps) -> None:
        self._recorder = recorder
        self._name = name
        self._loop = loop
        self._traced: dict[int, weakref.ref[CodeType]] = {}
        self._known: dict[int, tuple[weakref.ref[Any], bool]] = {}
        self._counts_calls = False
        self._module: Any = None
        self._after_call = guarded(recorder, name, self._called)

    def observe(self, module: Any) -> Callable[[], None]:
        """Watch for gradients; return how to stop that."""
        original = getattr(module, CHECK, None)
        if not isinstance(original, types.FunctionType):
            return _nothing  # of another version
        self._module = module
        see = guarded(self._recorder, self._name, self._see)

        @functools.wraps(original)
        def check_callable(fun: Any) -> Any:
            frame = sys._getframe(1)  # noqa: SLF001 - the caller tells what it is for
            if frame.f_code.co_name in _GRADIENT:
                see(frame)
            del frame
            return original(fun)

        setattr(module, CHECK, check_callable)

        def undo() -> None:
            if getattr(module, CHECK, None) is check_callable:
                setattr(module, CHECK, original)
            self._stop()

        return undo

    def _see(self, frame: FrameType) -> None:
        """A gradient is taken: for itself, or in the trace of what is compiled."""
        if self._recorder.detached or self._recorder.stage is Stage.FIT:
            return
        if sys.modules[_CORE].trace_state_clean():
            place = find_place(frame) or {}
            self._loop.take_turn(hash((place.get("file"), place.get("line"))))
            return
        self._known.clear()
        above: FrameType | None = frame
        for _ in range(_DEPTH):
            if above is None or len(self._traced) > _MOST:
                break
            code = above.f_code
            if not code.co_filename.endswith(_BETWEEN):
                self._traced[id(code)] = weakref.ref(code)
            above = above.f_back
        del above, frame
        self._count_calls()

    def _count_calls(self) -> None:
        if self._counts_calls:
            return
        self._counts_calls = True
        state = _hook_state(self._module)
        if state is not None and state.get_global() is None:
            state.set_global(self._after_call)

    def _stop(self) -> None:
        state = _hook_state(self._module)
        if state is not None and state.get_global() is self._after_call:
            state.set_global(None)

    def _called(self, function: Any, _args: Any, _kwargs: Any, _made: Any) -> None:
        """JAX has called a compiled function that it had not to trace."""
        known = self._known.get(id(function))
        if known is None or known[0]() is not function:
            trains = self._trains(function)
            if len(self._known) > _MOST:
                self._known.clear()
            self._known[id(function)] = (weakref.ref(function), trains)
            if trains and self._recorder.step < 0 and not self._recorder.detached:
                self._loop.take_turn(id(function))  # the call that was traced
        else:
            trains = known[1]
        if trains and not self._recorder.detached:
            self._loop.take_turn(id(function))

    def _trains(self, function: Any) -> bool:
        """Return whether a gradient was taken while the function was traced."""
        for code in _codes(function):
            traced = self._traced.get(id(code))
            if traced is not None and traced() is code:
                return True
        return False


def _codes(function: Any) -> list[Any]:
    """Return the code of what was compiled, out of its wrappers."""
    found: list[Any] = []
    inner = _wrapped(function)
    for _ in range(_HOPS):
        if inner is None:
            break
        if type(inner) is functools.partial:
            inner = inner.func
        elif type(inner) is types.MethodType:
            inner = inner.__func__
        elif type(inner) is types.FunctionType:
            found.append(inner.__code__)
            inner = _wrapped(inner)
        else:
            spaces = (class_attributes(base) for base in mro_of(type(inner)))
            inner = next((s["__call__"] for s in spaces if "__call__" in s), None)
    return found


def _wrapped(function: Any) -> Any:
    """Return what is called by a function that stands around another one."""
    code = getattr(function, "__code__", None)
    if code is not None and code.co_filename.endswith(_BETWEEN):
        # jax.grad calls what it returns by the name of the function it was given
        cells = map(cell_value, function.__closure__ or ())
        return next((one for one in cells if type(one) is types.FunctionType), None)
    space = instance_dict(function, type(function))
    return dict.get(space, "__wrapped__") if space is not None else None


def _hook_state(module: Any) -> Any:
    """Return where JAX keeps its hook, None in a version that keeps it elsewhere."""
    return getattr(module, "_post_hook_state", None)


def _nothing() -> None:
    """There is nothing to undo."""
