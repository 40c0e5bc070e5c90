"""The steps of a pipeline, in the order in which they run: the one list that commands and quickstart read.

What a step needs (torch, Feast) is imported when it runs, so that ``--help`` is quick.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from embedding_features.progress import Progress

if TYPE_CHECKING:
    from jobs.pipeline import Pipeline
    from jobs.steps.rank import RankResult
    from ranking.ablation.result import SurfaceResult


class PipelineRun:
    """Holds a pipeline and what several of its steps need, which is made once however many of them run.

    Args:
        pipeline: its settings, of which each step takes what it uses.
        progress: shows what the steps do.
    """

    def __init__(self, pipeline: "Pipeline", progress: Progress) -> None:
        self.pipeline, self.progress = pipeline, progress

    @cached_property
    def verified(self) -> dict[str, Any]:
        """The checks of what is published against the logs; a leak raises LeakError."""
        from jobs.steps import verify

        return verify.run(self.pipeline.publish, self.pipeline.graph, self.progress)

    @cached_property
    def ranked(self) -> "RankResult":
        """The trained grid."""
        from jobs.steps.rank import rank

        return rank(self.pipeline, self.progress)

    @cached_property
    def surfaces(self) -> "tuple[SurfaceResult, ...]":
        """What rankers reach on a new surface; nothing where the pipeline has none."""
        from jobs.steps import studies

        section, ranked = self.pipeline.surface, self.ranked
        if section is None:
            return ()
        moments = sorted({published.as_of for published in ranked.published})
        return studies.surface(self.pipeline, section, ranked.labels, moments, ranked.fresh, self.progress)


Step = Callable[[PipelineRun], dict[str, Any]]

#: name → step, in order; a step's docstring is the help of its command
STEPS: dict[str, Step] = {}


def _step(function: Step) -> Step:
    STEPS[function.__name__] = function
    return function


@_step
def data(run: PipelineRun) -> dict[str, Any]:
    """Get the public data set that the pipeline names; nothing where it names none."""
    from jobs.commands.data import get_dataset

    name = run.pipeline.dataset
    if name is None:
        return {}
    return get_dataset(name, run.pipeline.workspace.root / "data" / name, None, run.progress)


@_step
def graph(run: PipelineRun) -> dict[str, Any]:
    """Build the graph from the logs, as of each of the moments."""
    from jobs.steps import graph

    pipeline = run.pipeline
    return graph.run(pipeline.graph, pipeline.as_of.moments(), pipeline.workspace, run.progress)


@_step
def pretrain(run: PipelineRun) -> dict[str, Any]:
    """Learn vectors on each graph, in one lasting space."""
    from jobs.steps import pretrain

    return pretrain.run(run.pipeline.methods, run.pipeline.workspace, run.progress)


@_step
def derive(run: PipelineRun) -> dict[str, Any]:
    """Derive clusters, tokens and neighbours; check health."""
    from jobs.steps import derive

    pipeline = run.pipeline
    return derive.run(pipeline.derive, pipeline.health, pipeline.workspace, run.progress)


@_step
def publish(run: PipelineRun) -> dict[str, Any]:
    """Publish the snapshots to the Feast repository."""
    from jobs.steps import publish

    pipeline = run.pipeline
    return publish.run(pipeline.publish, pipeline.health, pipeline.workspace, run.progress)


@_step
def materialize(run: PipelineRun) -> dict[str, Any]:
    """Bring the newest published snapshots into the online store."""
    from jobs.commands.materialize import materialize_newest

    return materialize_newest(run.pipeline.publish.repo, run.progress)


@_step
def verify(run: PipelineRun) -> dict[str, Any]:
    """Check what is published for leaks and damage."""
    return run.verified


@_step
def rank(run: PipelineRun) -> dict[str, Any]:
    """Train the rankers, with and without the features."""
    from jobs.steps.rank import rank_rows

    return rank_rows(run.ranked)


@_step
def recall(run: PipelineRun) -> dict[str, Any]:
    """Candidates, then ranks: what each of the two stages loses."""
    from jobs.steps import recall

    return recall.run(run.pipeline, run.ranked, run.progress)


@_step
def submodel(run: PipelineRun) -> dict[str, Any]:
    """An encoder inside a ranker, beside its vectors as features."""
    from jobs.steps import submodel

    pipeline = run.pipeline
    settings, moments = submodel.submodel_settings(pipeline), pipeline.as_of.moments()
    return submodel.run(
        settings, pipeline.rank.task, pipeline.graph, moments, pipeline.workspace, run.progress
    )


@_step
def surface(run: PipelineRun) -> dict[str, Any]:
    """Few labels of a new surface: what behaviour elsewhere brings, and fresh vectors of it."""
    from jobs.steps.studies import surface_rows

    return surface_rows(run.surfaces, run.pipeline.ablate.primary)


@_step
def ablate(run: PipelineRun) -> dict[str, Any]:
    """Say what each feature brought: HTML report and JSON."""
    from jobs.steps import ablate

    _ = run.verified  # a leak in what is published stops the report, and comes before hours of training
    return ablate.run(run.pipeline, run.ranked, run.surfaces, run.progress)
