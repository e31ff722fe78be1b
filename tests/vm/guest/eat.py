"""Keeps every buffer: a training that only needs Python."""

import time

import kerascrash.arm  # noqa: F401

kept = []
while True:
    kept.append(bytearray(b"x") * (8 << 20))
    time.sleep(0.4)  # the machine is emulated: a reading takes it that long
