"""The schema of a graph: its node types, its relations, and the logs that they are read from.

An example::

    nodes:
      user: {id: int64}
      item:
        id: string
        features: {parquet: items/*.parquet, id: item_id, columns: [price, brand], timestamp: listed_at}
    relations:
      bought:
        parquet: orders/*.parquet
        src: {type: user, column: user_id}
        dst: {type: item, column: item_id}
        timestamp: ordered_at
        weight: quantity
        filter: status <> 'cancelled'
        duplicates: sum

The rules, each counted in the build's report or an error that names the value (docs/howto/logs.md has those
of files, columns, times and numbers):

- **As of.** Only rows with timestamp ≤ as_of are read. A relation without ``timestamp`` is taken as known
  at all times: use it only for what never changes. An sql source may use the parameter ``$as_of``. An
  aggregate over the whole log in an sql source sees the future unless it filters by ``$as_of`` itself; the
  as-of filter on its ``timestamp`` column applies in any case, but it comes after the aggregate.
- **Ids.** int64 or string, as the node type says. Rows with a null id are dropped, and counted.
- **Weights.** Finite numbers; what is none of an edge that is known is an error.
- **Duplicates** of a pair: ``keep`` (the default) leaves every edge; ``sum`` makes one edge with the sum of
  the weights (each 1 if there is no weight column) and the last time; ``last`` one with the last time and
  its weight, the largest if several have that time.
- **Feature tables** with a timestamp add their ids to the catalogue, as of, and give each id its newest
  row. Tables without one describe only nodes that have edges and add none, for a catalogue exported today
  knows tomorrow's items; their values are taken as known at all times. Each id (at each time) may stand
  there once.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from embedding_features.config import Config, load_config
from embedding_features.files import safe_name
from embedding_features.sources.source import IdType, Source

Duplicates = Literal["keep", "sum", "last"]


class FeatureTable(Source):
    """Names a table that describes the nodes of one type.

    Attributes:
        id: column with the node's id.
        columns: what to keep of it; each becomes a column of ``Graph.features[type]``.
    """

    id: str
    columns: list[str] = Field(min_length=1)


class NodeType(Config):
    """Says what the ids of one node type are, and which table describes its nodes."""

    id: IdType
    features: FeatureTable | None = None


class End(Config):
    """Names the node type of one end of a relation, and the column with its ids."""

    type: str
    column: str


class RelationSchema(Source):
    """Says where the edges of one relation are, and how they become edges of the graph.

    Attributes:
        src: source end.
        dst: destination end.
        weight: column with the edge's weight; None for all ones.
        duplicates: what becomes of several edges between the same two nodes.
        allow_empty: a relation without a single edge as of T is an error unless this is set.
    """

    src: End
    dst: End
    weight: str | None = None
    duplicates: Duplicates = "keep"
    allow_empty: bool = False


class GraphSchema(Config):
    """Names the node types and relations of a graph; the module's text states the rules.

    Attributes:
        nodes: node type → how it is identified and described.
        relations: relation name → where its edges are.
        folder: where relative globs and relative paths in sql begin; a relative one begins at the YAML file's
            folder, or at the working directory for a schema made in Python.
    """

    nodes: dict[str, NodeType] = Field(min_length=1)
    relations: dict[str, RelationSchema] = Field(min_length=1)
    folder: Path = Path()

    @field_validator("nodes", "relations")
    @classmethod
    def _names(cls, named: dict[str, Config]) -> dict[str, Config]:
        for name in named:
            safe_name(name)
        return named

    @model_validator(mode="after")
    def _known_types(self) -> Self:
        for name, relation in self.relations.items():
            for end in (relation.src, relation.dst):
                if end.type not in self.nodes:
                    raise ValueError(
                        f"relation {name!r} has an end of type {end.type!r}; nodes are {sorted(self.nodes)}"
                    )
        return self

    @classmethod
    def load(cls, path: str | Path) -> "GraphSchema":
        """Return the schema of a YAML file.

        Raises:
            ConfigError: when it is missing, not YAML, or breaks the schema.
        """
        schema = load_config(path, cls)
        return schema.model_copy(update={"folder": Path(path).resolve().parent / schema.folder})
