"""What a search found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from embedding_features.evaluate.metrics import Retrieval
from embedding_features.methods.search_space import Scalar, SearchSpace

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """Holds settings that were tried, and what became of them.

    Attributes:
        parameters: searched parameter → value.
        state: "complete"; "pruned", when its training was ended early; "failed", when it could not be fitted.
        seconds: that it took.
        figure: the search's metric; None where it was not measured.
        result: all metrics; None likewise.
        error: why it failed.
    """

    parameters: Mapping[str, Scalar]
    state: State
    seconds: float
    figure: float | None = None
    result: Retrieval | None = None
    error: str | None = None


@dataclass(frozen=True)
class Tuned:
    """Holds a search's trials, the first of which is what it started from.

    Attributes:
        method: name of the method.
        fixed: the parameters that were given, searched or not.
        space: searched parameter → what it was searched over.
        trials: in the order in which they were made; of a resumed search those from before, too.
        folder: of the search; None of one that is not kept.
    """

    method: str
    fixed: Mapping[str, Any]
    space: Mapping[str, SearchSpace]
    trials: Sequence[Trial]
    folder: Path | None

    @property
    def start(self) -> Trial:
        """The trial of the settings that the search started from."""
        return self.trials[0]

    @property
    def best(self) -> Trial:
        """The best trial; of equal ones the first."""
        measured = [trial for trial in self.trials if trial.figure is not None]
        return max(measured, key=lambda trial: trial.figure or 0.0)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters to use: those given, and the best values of the searched ones."""
        return {**self.fixed, **self.best.parameters}

    @property
    def seconds(self) -> float:
        """Seconds that all trials took."""
        return sum(trial.seconds for trial in self.trials)

    def count(self, state: State) -> int:
        """Return the number of trials that ended so."""
        return sum(trial.state == state for trial in self.trials)
