"""The trials of a search, one after the other."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass

import numpy as np
import optuna
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from embedding_features.errors import EmbeddingFeaturesError
from embedding_features.evaluate.metrics import Retrieval
from embedding_features.methods.base import Method
from embedding_features.methods.search_space import Scalar, SearchSpace
from embedding_features.progress import Advance, Progress
from embedding_features.tuning.result import Trial
from embedding_features.tuning.split import TuningSplit

#: names under which the journal keeps what became of a trial
_RESULT, _ERROR = "result", "error"


@dataclass(frozen=True)
class Trials:
    """Tries settings that a study asks for, and tells it what they reached.

    The settings of a trial follow from the seed and the finished trials before it (tree-structured Parzen
    estimator, Bergstra et al., NIPS 2011): a search that was killed and goes on tries what one that was
    never killed tries.

    Attributes:
        study: where trials are kept.
        make: values of the searched parameters → method.
        start: the values that are tried first.
        space: searched parameter → what it may be set to.
        split: what trials learn from and are judged by.
    """

    study: optuna.Study
    make: Callable[[Mapping[str, Scalar]], Method]
    start: Mapping[str, Scalar]
    space: Mapping[str, SearchSpace]
    split: TuningSplit

    def finished(self) -> list[Trial]:
        """Return the trials that came to an end, in order."""
        found = map(self._finished, self.study.get_trials(deepcopy=False))
        return [trial for trial in found if trial is not None]

    def run_next(self, progress: Progress) -> None:
        """Try the next settings.

        Args:
            progress: shows the fit.

        Raises:
            EmbeddingFeaturesError: when the first trial, that of the start, fails; a later one is recorded.
        """
        before = self.finished()
        trial = self._ask(len(before))
        parameters = {name: space.suggest(trial, name) for name, space in self.space.items()}
        known = [one.result for one in before if one.result and one.parameters == parameters]
        watched = _Pruned(trial, progress)
        try:
            result = known[0] if known else self.split.judge(self.make(parameters), watched)
        except optuna.TrialPruned:
            self.study.tell(trial, state=TrialState.PRUNED)
        except EmbeddingFeaturesError as error:
            if not before:
                raise
            trial.set_user_attr(_ERROR, str(error))
            self.study.tell(trial, state=TrialState.PRUNED)  # the sampler learns nothing of failed trials
        else:
            trial.set_user_attr(_RESULT, asdict(result))
            self.study.tell(trial, self.split.settings.figure(result))

    def _ask(self, position: int) -> optuna.Trial:
        """Return the study's next trial, that of the start at position 0."""
        seed = np.random.SeedSequence([self.split.settings.seed, position])
        self.study.sampler = TPESampler(seed=int(seed.generate_state(1)[0]))
        if position == 0 and not self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            self.study.enqueue_trial(dict(self.start))
        return self.study.ask()

    def _finished(self, trial: FrozenTrial) -> Trial | None:
        """Return a trial as what we tell of it; None for one that a killed process left undone."""
        seconds = trial.duration.total_seconds() if trial.duration else 0.0
        if trial.state == TrialState.COMPLETE:
            result = Retrieval(**trial.user_attrs[_RESULT])
            return Trial(trial.params, "complete", seconds, self.split.settings.figure(result), result)
        if trial.state == TrialState.PRUNED:
            error = trial.user_attrs.get(_ERROR)
            return Trial(trial.params, "failed" if error else "pruned", seconds, error=error)
        return None


class _Pruned:
    """Passes progress on, and ends a training whose checks are below the median of those of other trials."""

    def __init__(self, trial: optuna.Trial, progress: Progress) -> None:
        self._trial, self._progress = trial, progress

    def task(self, name: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Show a task; see :meth:`.Progress.task`."""
        return self._progress.task(name, total)

    def checked(self, epoch: int, figure: float) -> None:
        """Tell the study of a check; see :meth:`.ChecksProgress.checked`."""
        self._trial.report(figure, epoch)
        if self._trial.should_prune():
            raise optuna.TrialPruned
