"""A list three objects below the one that trains."""

import kerascrash.arm  # noqa: F401
from training import steps, value


class Store:
    def __init__(self):
        self.kept = []


class State:
    def __init__(self):
        self.stores = {"train": Store(), "test": Store()}


class Trainer:
    def __init__(self):
        self.state = State()

    def train(self):
        for number in steps():
            self.state.stores["train"].kept.append(value(number))  # LEAK


trainer = Trainer()
trainer.train()
