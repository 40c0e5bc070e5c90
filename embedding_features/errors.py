"""Errors that say what was wrong, with which value, and what to do about it.

Every error a user can cause derives from :class:`EmbeddingFeaturesError`. Its ``exit_code`` is what the
command line returns, so a scheduler can tell a refused snapshot from a typo:

====  =========================================================
code  meaning
====  =========================================================
0     done
1     a fault of ours: please report it
2     wrong usage, configuration or input data
3     the health gate refused a snapshot
4     a leak was found: data later than the moment it claims
5     two spaces, codebooks or bundles do not belong together
6     Feast or one of its stores failed
7     done, but MLflow does not have all of it
130   interrupted; the same command resumes
====  =========================================================
"""

from typing import ClassVar


class EmbeddingFeaturesError(Exception):
    """An error that a user can cause and mend.

    Args:
        what: what went wrong, with the offending value.
        fix: what to do about it; shown on a line of its own.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(f"{what}\n  fix: {fix}" if fix else what)
        self.what = what
        self.fix = fix


class ConfigError(EmbeddingFeaturesError):
    """Says that a configuration file or argument breaks its schema."""


class DataError(EmbeddingFeaturesError):
    """Says that input data is missing, malformed or breaks a stated rule."""


class GraphError(EmbeddingFeaturesError):
    """Says that a graph cannot be built, loaded or viewed as asked."""


class TrainingError(EmbeddingFeaturesError):
    """Says that a method cannot be fitted: the loss diverged, a checkpoint is of another run, and so on."""


class SnapshotError(EmbeddingFeaturesError):
    """Says that a snapshot folder is missing, incomplete, altered, or already there with other content."""


class BundleError(EmbeddingFeaturesError):
    """Says that a ranker's bundle is missing, incomplete, altered, or of another format."""


class HealthError(EmbeddingFeaturesError):
    """Says that the health gate refused a snapshot."""

    exit_code = 3


class LeakError(EmbeddingFeaturesError):
    """Says that data is later than the moment it claims to describe."""

    exit_code = 4


class CompatibilityError(EmbeddingFeaturesError):
    """Says that two spaces, codebooks, metrics or bundles do not belong together."""

    exit_code = 5


class StoreError(EmbeddingFeaturesError):
    """Says that Feast, or one of its stores, cannot do what was asked."""

    exit_code = 6


class NoHistoriesError(StoreError):
    """Says that a repository is not set up to keep histories of a node type's events."""
