#!/usr/bin/env python3
"""Trains the network of this example in PyTorch and writes the files beside it.

    python train.py [DIRECTORY]

Needs torch, safetensors and scikit-learn in the versions of tests/requirements.txt. Seeds and the
number of threads are fixed, so a second run on the same machine gives the same files.

The network sees the 64 grey levels of an 8x8 image and has one hidden layer, `shared`, at two
places: its weight and its bias each stand under two names in the state_dict (2.weight and
4.weight, 2.bias and 4.bias) and are one tensor in memory.
"""

import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_model
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

HELD_OUT = 360
EPOCHS = 120
BATCH = 32
SEED = 20


def build_net() -> nn.Sequential:
    shared = nn.Linear(32, 32)
    return nn.Sequential(
        nn.Linear(64, 32), nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(32, 10)
    )


def load_split():
    """Training and held-out images, (N, 64) float32 in [0, 1], with int64 labels (N,)."""
    digits = load_digits()
    images = (digits.data / 16.0).astype(np.float32)
    labels = digits.target.astype(np.int64)
    return train_test_split(
        images, labels, test_size=HELD_OUT, stratify=labels, random_state=SEED
    )


def train(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4)
    # Smoothed labels keep the logits within about ten, where float32 resolves 1e-6: the shipped
    # logits are compared to 1e-5 with those of programs that add up in another order.
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH):
            optimizer.zero_grad()
            loss(net(images[batch]), labels[batch]).backward()
            optimizer.step()
        schedule.step()


def main() -> int:
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    train_images, test_images, train_labels, test_labels = load_split()
    net = build_net()
    train(net, torch.from_numpy(train_images), torch.from_numpy(train_labels))

    net.eval()
    with torch.no_grad():
        logits = net(torch.from_numpy(test_images)).numpy()
    accuracy = float((logits.argmax(axis=1) == test_labels).mean())
    print(f"held-out accuracy {accuracy:.4f} on {len(test_labels)} images")
    if accuracy <= 0.95:
        print("too low: nothing written", file=sys.stderr)
        return 1

    # save_model stores a shared tensor once and notes the other name in the file's metadata.
    save_model(net, str(out / "digits.safetensors"))
    np.save(out / "test_images.npy", test_images)
    np.save(out / "test_labels.npy", test_labels)
    np.save(out / "test_logits.npy", logits)
    return 0


if __name__ == "__main__":
    sys.exit(main())
