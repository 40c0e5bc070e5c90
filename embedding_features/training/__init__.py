"""Training by gradient steps: one loop with seeds, devices, early stopping, checkpoints and progress."""

from embedding_features.training.loop import train
from embedding_features.training.settings import Adagrad, Adam, Training

__all__ = ["Adagrad", "Adam", "Training", "train"]
