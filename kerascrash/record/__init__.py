"""
The recorder: what runs inside the user's process and writes the dump.

It imports the standard library only (psutil where there is no /proc), keeps no
reference to a user's object, and no exception leaves it. Modules that arm needs at
once avoid ``typing``, ``dataclasses``, ``json`` and ``re``: together they would cost
each armed script 30 ms.
"""
