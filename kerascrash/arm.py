"""
``import kerascrash.arm`` as the first line of a script arms it.

Settings come from the environment (``KERASCRASH_*``, see README). The import never
raises, costs some 20 ms, and a second one does nothing.
"""

from __future__ import annotations

from kerascrash.record.entry import arm

arm()
