"""``python -m kerascrash``."""

from __future__ import annotations

from kerascrash.cli import main

if __name__ == "__main__":
    main()
