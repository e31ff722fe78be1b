"""Each step's state keeps the one before it: a chain that never ends."""

import kerascrash.arm  # noqa: F401
import time

import numpy as np


class State:
    def __init__(self, seen, before):
        self.seen = seen
        self.before = before


class Agent:
    def __init__(self):
        self.state = None

    def step(self):
        seen = np.ones((64, 1024), dtype="float32")
        self.state = State(seen, self.state)


def run():
    agent = Agent()
    for step in range(100_000):
        agent.step()
        print("TRUTH bytes", (step + 1) << 18, flush=True)
        time.sleep(0.004)


run()
