"""Post-mortem crash forensics for Keras training scripts."""

__version__ = "0.1.0"
