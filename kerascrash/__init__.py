"""Post-mortem crash forensics for Keras training scripts."""

__version__ = "0.1.0"


def load_ipython_extension(_shell: object) -> None:
    """Arm the kernel: what ``%load_ext kerascrash`` calls."""
    from kerascrash import arm  # noqa: F401 - its import arms
