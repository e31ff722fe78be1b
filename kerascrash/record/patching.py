"""Observing calls of a framework's methods, so that the method itself is untouched."""

from __future__ import annotations

from kerascrash.record.hook import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kerascrash.record.recorder import Recorder

_LOOKS = ("__module__", "__name__", "__qualname__", "__doc__", "__dict__")


def observe_calls(
    recorder: Recorder,
    hook: str,
    owner: type,
    name: str,
    *,
    before: Callable[..., Any] | None = None,
    after: Callable[..., Any] | None = None,
) -> Callable[[], None]:
    """
    Call ``before(self, args, kwargs)`` and ``after(token, self, args, kwargs, ok)``.

    ``token`` is what ``before`` returned, ``ok`` false when the method raised. Both are
    guarded. Returns how to undo it. Raises AttributeError if ``owner`` itself does not
    define ``name``.
    """
    original = owner.__dict__.get(name)
    if original is None:
        raise AttributeError(f"{owner.__qualname__} does not define {name}")
    begin = guarded(recorder, hook, before or _nothing)
    end = guarded(recorder, hook, after or _nothing)

    def observed(self: Any, *args: Any, **kwargs: Any) -> Any:
        token = begin(self, args, kwargs)
        try:
            result = original(self, *args, **kwargs)
        except BaseException:
            end(token, self, args, kwargs, ok=False)
            raise
        end(token, self, args, kwargs, ok=True)
        return result

    imitate(observed, original)
    setattr(owner, name, observed)

    def undo() -> None:
        if owner.__dict__.get(name) is observed:
            setattr(owner, name, original)

    return undo


def imitate(wrapper: Any, original: Any) -> None:
    """
    Let ``wrapper`` look like ``original``.

    With the original's module TensorFlow's autograph leaves it alone, as it does the
    framework's own functions.
    """
    for look in _LOOKS:
        value = getattr(original, look, None)
        if look == "__dict__":
            wrapper.__dict__.update(value or {})
        elif value is not None:
            setattr(wrapper, look, value)
    wrapper.__wrapped__ = original


def argument(args: tuple[Any, ...], kwargs: dict[str, Any], at: int, name: str) -> Any:
    """Return an argument given by position (``self`` not counted) or by name."""
    return kwargs[name] if name in kwargs else args[at] if len(args) > at else None


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Observe nothing."""
