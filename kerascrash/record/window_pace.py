"""
When a profile window begins and ends: by steps, by what it costs, by the headroom.

``every`` is what the user asked for. A window costs 3 ms or more, whatever a step
takes: so the next one also waits until the last has cost no more than 0.5 % of the time
between (for N below 100 as much more as the user asked for).
"""

from __future__ import annotations

import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kerascrash.record.pressure import Pressure

STEPS = 2
FIRST = 3
"""The first window begins at this step: the first ones trace and compile."""
_SHARE, _PRESSED_SHARE = 0.005, 0.05
_FIRST_PAYS_NS = 20_000_000
_AS_ASKED = 0.5
"""Over N, the share of N below 100: at N = 20 it is 2.5 %."""
_LONGEST_S, _LONGEST_PRESSED_S = 20.0, 2.0
_SHORTEST_PRESSED_S = 0.25
_TIMED_S, _TIMED_EVERY_S = 0.25, 30.0
_ACUTE_S, _CHRONIC_GAP = 30.0, 9
"""Headroom may shrink for minutes: after these, one tenth of the time is enough."""
_NEARLY_FULL = 0.85
_RISING_S = 10.0
_SOON_S = 5.0


class Pace:
    """The clock of the windows; times are ``monotonic_ns``."""

    def __init__(self, every: int) -> None:
        self._every = max(every, 1)
        self._share = max(_SHARE, _AS_ASKED / self._every)
        self._step = 0
        self._next = min(self._every, FIRST)
        self._not_before_ns = 0
        self._begun_ns = 0
        self._begun_at_step = -1
        self._open = self._timed = False
        self._cost_ns = 0
        self._steps = STEPS
        self._is_first = True
        self._pressed = False
        self._pressed_since_ns = 0
        self._peaks: deque[tuple[int, int]] = deque()

    def count_step(self) -> bool:
        """A step begins; return whether that may begin or end a window."""
        self._step += 1
        return self._open or self._step >= self._next

    def feel(self, pressure: Pressure, device: Mapping[str, int], peak: int) -> None:
        """Take in the headroom: of the host, and of the device's pool."""
        now = time.monotonic_ns()
        nearly = self._is_nearly_full(device.get("device_limit", 0), peak, now)
        pressed = pressure.pressed or nearly
        if pressed and not self._pressed:
            self._next, self._not_before_ns = 0, min(self._not_before_ns, now)
            self._pressed_since_ns = now
        elif self._pressed and not pressed:
            self._next = self._step + self._every
        self._pressed = pressed

    def _is_nearly_full(self, limit: int, peak: int, now: int) -> bool:
        """A pool that is full and stays so is healthy: its highest mark must rise."""
        peaks = self._peaks
        while peaks and now - peaks[0][0] > _RISING_S * 1e9:
            peaks.popleft()
        peaks.append((now, peak))
        begun, lowest = peaks[0]
        if limit <= 0 or peak <= lowest:
            return False
        seconds_left = (limit - peak) * (now - begun) / (peak - lowest) / 1e9
        return peak > _NEARLY_FULL * limit or seconds_left < _SOON_S

    def is_due(self) -> bool:
        """Return whether a window is to begin at this step."""
        due = self._step >= self._next and time.monotonic_ns() >= self._not_before_ns
        self._timed = self._timed and not due
        return due

    def is_long_enough(self) -> bool:
        """Return whether the open window may end at this step."""
        if self._step - self._begun_at_step < self._steps:
            return False
        least_ns = max(_SHORTEST_PRESSED_S * 1e9, 2 * self._cost_ns / _PRESSED_SHARE)
        return not self._pressed or self._age_ns() >= least_ns

    def is_too_long(self) -> bool:
        """Return whether the open window must end, step or no step."""
        if self._timed:
            return self._age_ns() >= _TIMED_S * 1e9
        longest_s = _LONGEST_PRESSED_S if self._pressed else _LONGEST_S
        return self._age_ns() >= longest_s * 1e9

    def is_time(self, has_no_steps: bool) -> bool:
        """Return whether a window is to begin now, between two steps or without."""
        now = time.monotonic_ns()
        since_s = (now - self._begun_ns) / 1e9
        if now < self._not_before_ns:
            return False
        if self._pressed and since_s >= _LONGEST_PRESSED_S:
            return True  # the step outlasts a window
        self._timed = has_no_steps and since_s >= _TIMED_EVERY_S
        return self._timed

    def begun(self, now: int) -> None:
        """A window is to begin."""
        self._begun_ns, self._begun_at_step = now, self._step
        if not self._timed:
            self._next = 0 if self._pressed else self._step + self._every
        self._cost_ns = 0

    def spent(self, cost_ns: int, *, opened: bool) -> None:
        """Beginning it has taken so long, if it could be had."""
        self._open = opened
        self._cost_ns += cost_ns
        self._pay(self._begun_ns)

    def ended(self, now: int, cost_ns: int, *, too_big: bool) -> None:
        """The window has ended, which took so long."""
        self._cost_ns += cost_ns
        if self._is_first:  # it loads libraries, CUPTI among them: that is paid once
            self._is_first, self._cost_ns = False, min(self._cost_ns, _FIRST_PAYS_NS)
        if too_big:  # one step, then none for a long while
            self._steps, self._cost_ns = 1, self._cost_ns * 10
        self._pay(now)
        self._open = self._timed = False

    def _pay(self, now: int) -> None:
        """One by the clock is made on the sampler's thread, and keeps off no step's."""
        if self._timed:
            return
        share = max(self._share, _PRESSED_SHARE) if self._pressed else self._share
        pause_ns = int(self._cost_ns / share)
        if self._pressed and now - self._pressed_since_ns > _ACUTE_S * 1e9:
            pause_ns = max(pause_ns, _CHRONIC_GAP * (now - self._begun_ns))
        self._not_before_ns = now + pause_ns

    def _age_ns(self) -> int:
        return time.monotonic_ns() - self._begun_ns
