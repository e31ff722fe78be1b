"""A training loop of PyTorch alone: an object keeps every output."""

import kerascrash.arm  # noqa: F401
import torch

torch.set_num_threads(1)


class Trainer:
    def __init__(self):
        self.outputs = []
        self.model = torch.nn.Sequential(torch.nn.Linear(1024, 1024), torch.nn.ReLU())
        self.optimizer = torch.optim.Adam(self.model.parameters())

    def step(self, x):
        out = self.model(x)
        self.optimizer.zero_grad()
        out.pow(2).mean().backward()
        self.optimizer.step()
        self.outputs.append(out.detach())


trainer = Trainer()
while True:
    trainer.step(torch.rand(1024, 1024))
    print("TRUTH bytes", len(trainer.outputs) << 22, flush=True)
