"""Keeps the outputs of the last step of each layer, replaced at each step."""

import kerascrash.arm  # noqa: F401
from training import steps, value


class Probe:
    def __init__(self):
        self.outputs = {}

    def note(self, layer, output):
        self.outputs[layer] = output


probe = Probe()
for _ in steps():
    for layer in range(6):
        probe.note(layer, value(layer))
