"""Forked workers of a DataLoader: what END names happens to one of them."""

import kerascrash.arm  # noqa: F401
import ctypes
import os
import time

import torch
from torch.utils.data import DataLoader, Dataset


class Pictures(Dataset):
    def __init__(self):
        self.cache = []

    def __len__(self):
        return 100_000

    def __getitem__(self, index):
        if os.environ["END"] == "grows":
            self.cache.append(torch.ones(1 << 19))
        elif index == 40 and os.environ["END"] == "crashes":
            ctypes.string_at(0)
        return torch.ones(100), torch.ones(1)


def train():
    loader = DataLoader(Pictures(), batch_size=4, num_workers=2)
    model = torch.nn.Linear(100, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for step, (x, y) in enumerate(loader):
        if step == 20:
            print("READY", flush=True)
        (model(x) - y).pow(2).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        time.sleep(0.01)


train()
