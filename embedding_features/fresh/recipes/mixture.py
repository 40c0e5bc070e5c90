"""The recipe ``mixture``: how much of what a node likes is of the candidate's cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.fresh.groups import read_groups
from embedding_features.fresh.groups_kernel import Groups
from embedding_features.fresh.levels import read_levels
from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.recipes.grouped import group_sums, make_groups
from embedding_features.fresh.walk import Walk

#: a mixture is shrunk to the clusters' shares in all nodes as if there were so many likes spread by them
PRIOR_LIKES = 3


@dataclass(frozen=True)
class MixtureRecipe(Recipe):
    """Gives the share of the candidate's nearest cluster in the node's earlier likes.

    A node is a mixture of clusters of other nodes (kNN-Embed, El-Kishky et al., 2022: the share of each in
    its events, smoothed). The share is shrunk to the cluster's in all other nodes, where the paper smooths by
    the mixtures of similar nodes. An event is a like by :func:`.least_likes`.

    Figures: ``share``; of a node without likes the cluster's share in all.

    Attributes:
        groups: the clusters, and one group of all nodes.
        prior: [r] share of each node's cluster in all nodes of its snapshot.
    """

    name: ClassVar[str] = "mixture"
    groups: Groups
    prior: F64

    @classmethod
    def read(cls, snapshots: Sequence[Snapshot], node_type: str, other: str) -> Self | None:
        """Read the clusters of the other side; None where a snapshot has none."""
        clusters = read_groups(snapshots, other).get("clusters")
        if clusters is None:
            return None
        groups = make_groups([clusters], read_levels(snapshots, node_type), likes=True)
        return cls(groups, np.concatenate([_shares(codes) for codes in clusters]))

    def rows(self, walk: Walk) -> Mapping[str, F64]:
        """Return the figure; NaN where the candidate has no cluster."""
        likes = group_sums(walk, self.groups).total
        seen = np.flatnonzero(~np.isnan(likes[:, 0]))
        at = walk.snapshot[seen]
        prior = self.prior[self.groups.first[at] + walk.entry[at, walk.other[seen]]]
        share = np.full(len(likes), np.nan)
        share[seen] = (likes[seen, 0] + PRIOR_LIKES * prior) / (likes[seen, 1] + PRIOR_LIKES)
        return {"share": share}


def _shares(codes: I64) -> F64:
    """Return [m] the share of each node's group in all nodes."""
    return np.bincount(codes)[codes] / len(codes)
