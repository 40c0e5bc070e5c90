"""Reports of what a build read, dropped and kept, with a number for every rule of the schema."""

from embedding_features.config import Config
from embedding_features.sources.report import FileReport


class RelationReport(Config):
    """Counts the rows of one relation: ``read = null_ids + null_times + later + merged + kept``.

    Attributes:
        read: rows that pass the relation's filter.
        null_ids: dropped, one of the ids is null.
        null_times: dropped, the timestamp is null or infinite.
        later: left out, later than as_of.
        repeated: edges that repeat an earlier pair, before any merging.
        merged: of these, how many were merged into another edge.
        kept: edges of the graph.
    """

    read: int
    null_ids: int
    null_times: int
    later: int
    repeated: int
    merged: int
    kept: int


class FeatureReport(Config):
    """Counts the rows of one feature table.

    ``read = null_ids + null_times + later + older + unknown + kept``.

    Attributes:
        older: replaced by a newer row of the same id.
        unknown: rows of a table without timestamp whose id has no edge.
        kept: nodes described.
    """

    read: int
    null_ids: int
    null_times: int
    later: int
    older: int
    unknown: int
    kept: int


class NodeReport(Config):
    """Counts the nodes of one type: all in the vocabulary, and those that the parent had not."""

    nodes: int
    new: int


class BuildReport(Config):
    """Counts what one build read and kept; empty for a graph made from arrays.

    Attributes:
        relations: relation → rows that pass its filter, and what became of them.
        features: node type → the same of its feature table.
        nodes: node type → its vocabulary.
        files: what was read → file → its rows; see :data:`ReadReport`.
    """

    relations: dict[str, RelationReport] = {}
    features: dict[str, FeatureReport] = {}
    nodes: dict[str, NodeReport] = {}
    files: dict[str, dict[str, FileReport]] = {}
