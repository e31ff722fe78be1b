"""
Take the README's pictures: real reports of the sample dumps, in headless Chromium.

`python sample_dumps/_pictures/render.py`; needs `chromium` on the path.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PICTURES = {"report.png": ("list_leak_cgroup", "1180,1500")}


def main() -> None:
    """Render each sample and photograph the top of its page."""
    for name, (case, window) in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder, "report.html")
            dump = HERE.parent / case / "dump.bin.gz"
            command = [sys.executable, "-m", "kerascrash", "report", str(dump)]
            subprocess.run([*command, "-o", str(page)], check=True)
            camera = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
            view = ["--hide-scrollbars", f"--window-size={window}"]
            subprocess.run(
                [*camera, *view, f"--screenshot={HERE / name}", page.as_uri()],
                check=True,
                capture_output=True,
            )


if __name__ == "__main__":
    main()
