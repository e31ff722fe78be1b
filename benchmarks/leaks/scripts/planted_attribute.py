"""A list on the object that trains."""

import kerascrash.arm  # noqa: F401
from training import steps, value


class Trainer:
    def __init__(self):
        self.kept = []

    def train(self):
        for number in steps():
            self.kept.append(value(number))  # LEAK


Trainer().train()
