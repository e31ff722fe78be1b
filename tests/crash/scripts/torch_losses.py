"""A validation without ``torch.no_grad()``: every loss keeps its computation alive."""

import kerascrash.arm  # noqa: F401
import torch

torch.set_num_threads(1)
inner = torch.nn.Linear(256, 1024)
model = torch.nn.Sequential(inner, torch.nn.Tanh(), torch.nn.Linear(1024, 1))
losses = []


def validate():
    for _ in range(100_000):
        x = torch.rand(1024, 256)
        loss = model(x).pow(2).mean()
        losses.append(loss)
        # its input, two outputs of the first layers, and the model's
        print("TRUTH bytes", len(losses) * 1024 * (256 + 1024 + 1) * 4, flush=True)


validate()
