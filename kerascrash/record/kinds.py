"""What sort of thing an object is, told from its class alone and once per class."""

from __future__ import annotations

import collections
import functools
import sys
import types

from kerascrash.record.safe import (
    attribute,
    class_attributes,
    class_module,
    mro_of,
    namespace_of,
)
from kerascrash.record.sizing import Sizers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BARRIER, ATOM, LEAF, SEQUENCE, DEQUE, SET, MAPPING = range(7)
FUNCTION, METHOD, GENERATOR, PARTIAL, USER, LIBRARY, MODEL, CACHE, CLASS = range(7, 16)
WRAPPER = 16

_cache_wrapper = type(functools.lru_cache(maxsize=1)(lambda: None))
_BUILTIN: tuple[tuple[int, tuple[Any, ...]], ...] = (
    (ATOM, (int, float, complex, str, bytes, bytearray, range, slice)),
    (SEQUENCE, (list, tuple)),
    (DEQUE, (collections.deque,)),
    (SET, (set, frozenset)),
    (MAPPING, (dict,)),
    (FUNCTION, (types.FunctionType,)),
    (METHOD, (types.MethodType, staticmethod, classmethod)),
    (GENERATOR, (types.GeneratorType,)),
    (PARTIAL, (functools.partial,)),
    (CACHE, (_cache_wrapper,)),
    (CLASS, (type,)),
    (
        BARRIER,
        (
            types.ModuleType,
            types.BuiltinFunctionType,
            types.CodeType,
            types.FrameType,
            types.TracebackType,
            types.MappingProxyType,
            types.CoroutineType,
            type(None),
            bool,
            property,
        ),
    ),
)
_KIND_OF = {id(cls): (kind, cls) for kind, classes in _BUILTIN for cls in classes}

_CLOSED = frozenset(
    (
        "_thread", "threading", "logging", "multiprocessing", "concurrent", "asyncio",
        "subprocess", "_io", "io", "weakref", "_weakref", "re", "ctypes", "_ctypes",
        "unittest", "pytest", "_pytest", "enum", "inspect", "importlib", "kerascrash",
        "IPython", "ipykernel", "traitlets", "jupyter_client", "zmq", "tornado",
    )
)  # fmt: skip
"""Packages whose objects are never followed: machinery, not the user's data."""
_GRAPHS = (
    "tensorflow.python.framework.ops",
    "tensorflow.python.framework.func_graph",
    "tensorflow.python.framework.function",
    "tensorflow.python.eager.",
    "tensorflow.core.",
)
"""TensorFlow's graph machinery: thousands of objects that hold no values."""
_LAYERS = (
    ("keras.src.layers.layer", "Layer"),
    ("keras.src.engine.base_layer", "Layer"),
    ("tf_keras.src.engine.base_layer", "Layer"),
    ("keras.src.optimizers.base_optimizer", "BaseOptimizer"),
    ("tf_keras.src.optimizers.optimizer", "_BaseOptimizer"),
)
"""Keras objects whose weights count and whose other insides do not."""


WRAPPERS = "tensorflow.python.trackable.data_structures"
"""Lists, dicts and tuples that become attributes of a ``tf.Module`` (and of what Keras
builds on it) are replaced by wrappers; the list that they *are* stays empty."""


SHOULD_USE = "tensorflow.python.util.tf_should_use"
"""What a ``tf.TensorArray`` returns is wrapped, to warn where it is not used; read
like this, it does not count as used."""


def unwrap(obj: Any) -> Any:
    """Return what is inside one of TensorFlow's wrappers."""
    if class_module(type(obj)) == SHOULD_USE:
        try:
            return object.__getattribute__(obj, "_tf_should_use_wrapped_value")
        except AttributeError:
            return None
    inner = attribute(obj, "_storage")
    if inner is not None:
        return inner
    for base in mro_of(type(obj)):
        proxied = class_attributes(base).get("__wrapped__")
        if type(proxied) is types.GetSetDescriptorType:
            return proxied.__get__(obj)
    return None


class ClassInfo:
    """``kind``; ``base``: the builtin it derives from; ``sizer`` of a LEAF."""

    __slots__ = ("base", "cls", "kind", "sizer")

    def __init__(
        self, cls: type, kind: int, base: Any = None, sizer: Any = None
    ) -> None:
        self.cls = cls  # alive as long as this, so that its id stays its own
        self.kind = kind
        self.base = base
        self.sizer = sizer


class Kinds:
    """The classes met in one scan; ``forget`` lets go of them."""

    def __init__(self, sizers: Sizers, user_modules: Any) -> None:
        self._sizers = sizers
        self._user_modules = user_modules
        self._known: dict[int, ClassInfo] = {}
        self._layers: list[int] = []

    def begin(self) -> None:
        """Look for classes that were imported since the last scan."""
        self._sizers.refresh()
        self._layers.clear()
        for module, name in _LAYERS:
            space = namespace_of(sys.modules.get(module))
            if space and name in space:
                self._layers.append(id(space[name]))

    def forget(self) -> None:
        """Drop every reference to a class."""
        self._known.clear()

    def of(self, cls: type) -> ClassInfo:
        """Return what is known of a class."""
        found = self._known.get(id(cls))
        if found is None:
            found = self._known[id(cls)] = self._judge(cls)
        return found

    def look(self, obj: Any) -> tuple[Any, ClassInfo]:
        """Return the object, out of its wrapper if it has one, and its kind."""
        info = self.of(type(obj))
        if info.kind == WRAPPER:
            obj = unwrap(obj)
            info = self.of(type(obj))
        return obj, info

    def is_user_class(self, cls: type) -> bool:
        """Return whether the class statement stands in the user's own code."""
        return class_module(cls) in self._user_modules

    def _judge(self, cls: type) -> ClassInfo:
        exact = _KIND_OF.get(id(cls))
        if exact is not None:
            return ClassInfo(cls, exact[0], exact[1])
        if class_module(cls) in (WRAPPERS, SHOULD_USE):
            return ClassInfo(cls, WRAPPER)
        bases = mro_of(cls)
        sizer = self._sizers.find(bases)
        if sizer is not None:
            return ClassInfo(cls, LEAF, None, sizer)
        if any(id(base) in self._layers for base in bases):
            return ClassInfo(cls, MODEL)
        for base in bases:
            exact = _KIND_OF.get(id(base))
            if exact is not None:
                return ClassInfo(cls, exact[0], exact[1])
        return ClassInfo(cls, self._instance_kind(cls))

    def _instance_kind(self, cls: type) -> int:
        if self.is_user_class(cls):
            return USER
        module = class_module(cls)
        if module.partition(".")[0] in _CLOSED or module.startswith(_GRAPHS):
            return BARRIER
        return LIBRARY
