"""
Look at other people's objects without running a line of their code.

``getattr``, ``len``, ``isinstance`` and even ``hash`` of a class may call what the user
wrote (properties, ``__getattr__``, ``__class__``, a metaclass). Here everything goes
through the descriptors of ``object`` and ``type`` themselves; classes are told apart
by ``id``, never by ``==``.
"""

from __future__ import annotations

import types
from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_mro = type.__dict__["__mro__"].__get__
_class_dict = type.__dict__["__dict__"].__get__
_class_name = type.__dict__["__name__"].__get__
_module_dict = vars(types.ModuleType)["__dict__"].__get__

ATTRIBUTES = 200
"""Of one object, so many attributes are looked at."""


def mro_of(cls: type) -> tuple[type, ...]:
    """Return the real bases of a class, itself first."""
    found: tuple[type, ...] | None = _mro(cls)
    return found or (cls,)


def derives(cls: type, base: type) -> bool:
    """Return whether ``base`` is a real base: no ``__instancecheck__`` has a say."""
    return any(one is base for one in mro_of(cls))


def class_name(cls: type) -> str:
    """Return the real name of a class."""
    return str(_class_name(cls))


def class_attributes(cls: type) -> Any:
    """Return the read-only view of a class's own namespace."""
    return _class_dict(cls)


def class_module(cls: type) -> str:
    """Return the module a class says it was defined in; empty if it does not."""
    module = _class_dict(cls).get("__module__")
    return module if type(module) is str else ""


def namespace_of(module: object) -> dict[str, Any] | None:
    """Return a module's dictionary, None for anything that is not really a module."""
    if not derives(type(module), types.ModuleType):
        return None
    space: dict[str, Any] = _module_dict(module)
    return space


def instance_dict(obj: object, cls: type) -> dict[Any, Any] | None:
    """Return the object's own dictionary if it has a real one."""
    for base in mro_of(cls):
        found = _class_dict(base).get("__dict__")
        if found is None:
            continue
        if type(found) is not types.GetSetDescriptorType:
            return None  # the class hides its dictionary behind code of its own
        try:
            space = found.__get__(obj)
        except TypeError:  # copied from another class, as tf.TensorArray's wrapper has
            continue
        return space if type(space) is dict else None
    return None


def attribute(obj: object, name: str) -> Any:
    """Return ``obj``'s own attribute from its dictionary or slots; None if unset."""
    space = instance_dict(obj, type(obj))
    if space is not None and name in space:
        return dict.get(space, name)
    for base in mro_of(type(obj)):
        found = _class_dict(base).get(name)
        if type(found) is types.MemberDescriptorType:
            return _slot(found, obj)
    return None


def attributes(obj: object, cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the names and values that the object itself holds, slots included."""
    space = instance_dict(obj, cls)
    if space is not None:
        for name in list(islice(dict.__iter__(space), ATTRIBUTES)):
            if type(name) is str and name in space:
                yield name, dict.get(space, name)
    for base in mro_of(cls):
        for name, member in list(islice(_class_dict(base).items(), ATTRIBUTES)):
            if type(member) is types.MemberDescriptorType:
                value = _slot(member, obj)
                if value is not None:
                    yield name, value


def _slot(member: Any, obj: object) -> Any:
    try:
        return member.__get__(obj)
    except (AttributeError, TypeError):
        return None  # never assigned, or a member copied from another class


def cell_value(cell: Any) -> Any:
    """Return what a closure's cell holds; None if it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return None
