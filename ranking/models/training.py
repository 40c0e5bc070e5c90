"""The training loop of torch rankers: Adam on log loss, stopped early by the validation rows."""

from collections.abc import Callable, Sequence

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as log_loss

from embedding_features.config import Config
from embedding_features.errors import TrainingError
from embedding_features.progress import SILENT, Progress
from ranking.models.module import RankerNetwork
from ranking.models.optimizer import clear_gradients, make_optimizer
from ranking.models.tensors import Batch

#: a term of the loss beside log loss: from the [b, r] representation of a training batch to a scalar
Term = Callable[[Tensor, Batch], Tensor]

#: from [1 + terms] losses, log loss first, to the scalar that is minimized
Balance = Callable[[Tensor], Tensor]

#: rows scored at once: their activations stay in the cache of a core
SCORING_ROWS = 4096


class RankerTraining(Config):
    """Settings of the training loop.

    Attributes:
        learning_rate: Adam's.
        batch_rows: rows of a step.
        epochs: most passes over the training rows.
        patience: epochs without a better validation log loss after which training stops.
        decay: L2 penalty of all weights (Adam's, not decoupled); raise it where rows are few.
    """

    learning_rate: float = Field(default=2e-3, gt=0)
    batch_rows: int = Field(default=2048, ge=1)
    epochs: int = Field(default=12, ge=1)
    patience: int = Field(default=2, ge=1)
    decay: float = Field(default=1e-3, ge=0)


def train_model(
    model: RankerNetwork,
    train: Batch,
    validation: Batch,
    settings: RankerTraining,
    generator: torch.Generator,
    progress: Progress = SILENT,
    name: str = "rank",
    terms: Sequence[Term] = (),
    balance: Balance = torch.sum,
) -> int:
    """Train a network in place and leave it in eval mode, as it was after its best epoch.

    Args:
        model: the network.
        train: training rows; those without a label (NaN) count in the terms only.
        validation: rows whose log loss after each epoch says which one is best.
        settings: settings of the loop.
        generator: draws the order of rows.
        progress: shows epochs; silent by default.
        name: what is trained, as progress and errors call it.
        terms: terms of the loss beside log loss; one that is a module is trained as well.
        balance: makes one loss of log loss and terms, by default their sum; a module is trained as well.

    Returns:
        The best epoch, counted from 1.

    Raises:
        TrainingError: when the validation loss is not finite.
    """
    optimizer = make_optimizer((model, *terms, balance), settings.learning_rate, settings.decay)
    best, best_epoch, kept = float("inf"), 0, {}
    with progress.task(name, total=settings.epochs) as advance:
        for epoch in range(1, settings.epochs + 1):
            _epoch(model, train, settings.batch_rows, optimizer, generator, terms, balance)
            loss = float(log_loss(score_batches(model, validation), validation.label))
            if loss != loss or loss == float("inf"):
                raise TrainingError(
                    f"{name}: validation log loss is {loss} in epoch {epoch}", fix="lower learning_rate"
                )
            advance(1, status=f"log loss {loss:.4f}")
            if loss < best:
                best, best_epoch = loss, epoch
                kept = {key: value.clone() for key, value in model.state_dict().items()}
            elif epoch - best_epoch >= settings.patience:
                break
    model.load_state_dict(kept)
    model.eval()
    return best_epoch


def _epoch(
    model: RankerNetwork,
    train: Batch,
    rows: int,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    terms: Sequence[Term],
    balance: Balance,
) -> None:
    """Take a step on each batch of ``rows`` training rows, in a new random order."""
    model.train()
    order = torch.randperm(len(train), generator=generator)
    for chosen in torch.split(order, rows):
        batch = train.take(chosen)
        clear_gradients(optimizer)
        if terms:
            representation = model.represent(batch)
            loss = labelled_log_loss(model.head(representation), batch.label)
            loss = balance(torch.stack([loss, *(term(representation, batch) for term in terms)]))
        else:
            loss = labelled_log_loss(model(batch), batch.label)
        torch.autograd.backward(loss)
        optimizer.step()


def labelled_log_loss(logits: Tensor, label: Tensor) -> Tensor:
    """Return the mean log loss of the rows that have a label; 0 where none has."""
    known = ~label.isnan()
    if known.all():
        return log_loss(logits, label)
    loss = log_loss(logits, label.nan_to_num(), weight=known.float(), reduction="sum")
    return loss / known.sum().clamp(min=1)


def score_batches(model: RankerNetwork, batch: Batch) -> Tensor:
    """Return the [n] logits of a batch, in eval mode and without gradients."""
    model.eval()
    with torch.inference_mode():
        starts = range(0, len(batch), SCORING_ROWS)
        return torch.cat([model(batch.take(slice(start, start + SCORING_ROWS))) for start in starts])
