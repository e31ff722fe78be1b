"""A list that all objects of a class share."""

import kerascrash.arm  # noqa: F401
from training import steps, value


class Trainer:
    kept = []  # noqa: RUF012 - that is the mistake

    def note(self, found):
        self.kept.append(found)  # LEAK


for number in steps():
    Trainer().note(value(number))
