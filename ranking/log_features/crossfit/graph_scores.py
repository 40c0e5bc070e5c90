"""Scores of pairs by embeddings of the graph of known likes and dislikes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.graph.fingerprint import fingerprint
from ranking.log_features.crossfit.attributes import Attribute
from ranking.log_features.crossfit.pairs import KnownLabels, LabelPairs

#: name of the relation of labels; a like weighs 1, a dislike -1
JUDGED = "judged"

#: these graphs have no time
_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)

#: pairs looked up at once, which bounds memory
_ROWS = 1 << 17

Fit = Callable[[Graph, int], Embeddings]


class GraphScores:
    """Scores a pair by embeddings; NaN where they lack its user or item, which had no known pair.

    ``<name>_score`` is the inner product of the user and item vectors, ``<name>_user_level`` the mean of
    the user's over all items that have vectors, ``<name>_item_level`` the item's over all users.

    Args:
        name: that the features begin with.
        fit: graph and seed → embeddings, such as a method's ``fit``. The graph has the node types ``user``
            and ``item``, the relation :data:`JUDGED`, and a relation named after each attribute from its side
            to a node type of that name.
        attributes: of either side.
    """

    def __init__(self, name: str, fit: Fit, attributes: Sequence[Attribute] = ()) -> None:
        self.name = name
        self.fit = fit
        self.attributes = tuple(attributes)

    def __call__(self, known: KnownLabels, asked: LabelPairs, seed: int) -> dict[str, F32]:
        """Return the features named above."""
        tables = self.fit(self.graph(known), seed).tables
        user, item = _vectors(tables["user"], asked.users), _vectors(tables["item"], asked.items)
        return {
            f"{self.name}_score": _dots(user, item, asked),
            f"{self.name}_user_level": (user @ tables["item"].vectors.mean(axis=0))[asked.user],
            f"{self.name}_item_level": (item @ tables["user"].vectors.mean(axis=0))[asked.item],
        }

    def graph(self, known: KnownLabels) -> Graph:
        """Return the graph of the known labels as signed edges, and of the attributes."""
        pairs = known.pairs
        sizes = {"user": pairs.users, "item": pairs.items}
        sign = (2 * known.label - 1).astype(np.float32)
        relations = {JUDGED: _relation(JUDGED, ("user", "item"), pairs.user, pairs.item, sizes, sign)}
        for attribute in self.attributes:
            sizes[attribute.name] = attribute.values
            ends = (attribute.side, attribute.name)
            name = attribute.name
            relations[name] = _relation(name, ends, attribute.node, attribute.value, sizes, None)
        vocabularies = {t: Vocabulary.from_ids(pa.array(np.arange(n))) for t, n in sizes.items()}
        return Graph(_MOMENT, vocabularies, relations, fingerprint=fingerprint(vocabularies, relations, {}))


def _relation(
    name: str, ends: tuple[str, str], src: I64, dst: I64, sizes: dict[str, int], weight: F32 | None
) -> Relation:
    return Relation.from_edges(name, *ends, src, dst, (sizes[ends[0]], sizes[ends[1]]), weight=weight)


def _vectors(table: EmbeddingTable, nodes: int) -> F32:
    """Return [nodes, dim] vectors, NaN for a node without one."""
    vectors = np.full((nodes, table.dim), np.nan, np.float32)
    vectors[table.ids.to_numpy()] = table.vectors
    return vectors


def _dots(user: F32, item: F32, asked: LabelPairs) -> F32:
    """Return [asked] inner products, computed some rows at a time."""
    out = np.empty(len(asked), np.float32)
    for start in range(0, len(asked), _ROWS):
        part = slice(start, start + _ROWS)
        out[part] = np.einsum("nd,nd->n", user[asked.user[part]], item[asked.item[part]])
    return out
