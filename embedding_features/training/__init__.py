"""The one training loop: seeds, devices, early stopping, checkpoints, progress."""

from embedding_features.training.loop import train
from embedding_features.training.settings import Adam, Training

__all__ = ["Adam", "Training", "train"]
