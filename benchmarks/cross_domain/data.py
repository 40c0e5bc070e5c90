"""Reads windows of two real data sets: what a graph may know, and what came later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow.parquet as pq
import scipy.sparse

from benchmarks.harness import data_root
from embedding_features.graph import Graph

#: a user has little history with at most so many target edges
FEW = 5
#: ids are below
IDS = 1 << 17


@dataclass(frozen=True)
class Pairs:
    """Holds pairs: [n] int64 users and items, the items' domains, and moments (µs; 0 without)."""

    user: np.ndarray
    item: np.ndarray
    domain: np.ndarray
    time: np.ndarray

    def where(self, mask: np.ndarray) -> "Pairs":
        """Return the pairs at which the mask is true."""
        return Pairs(self.user[mask], self.item[mask], self.domain[mask], self.time[mask])

    @property
    def key(self) -> np.ndarray:
        """[n] A number for each pair."""
        return self.user * IDS + self.item

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True)
class Window:
    """Holds a graph's edges as of a moment, called ``name``, and pairs that came later: new, each once."""

    name: str
    as_of: datetime
    edges: Pairs
    late: Pairs

    def graph(self, target: int | None) -> Graph:
        """Return the graph of the target's edges, or of all; the library refuses an edge after ``as_of``."""
        edges = self.edges if target is None else self.edges.where(self.edges.domain == target)
        arrays = (edges.user, edges.item, edges.time) if edges.time.any() else (edges.user, edges.item)
        return Graph.from_arrays(self.as_of, {("user", "interacts", "item"): arrays})

    def degrees(self, of: str, domain: int | None = None) -> np.ndarray:
        """Return [IDS] how many edges each ``user`` or ``item`` has, in one domain or all."""
        edges = self.edges if domain is None else self.edges.where(self.edges.domain == domain)
        return np.bincount(getattr(edges, of), minlength=IDS)

    def little(self, target: int) -> tuple[Pairs, Pairs]:
        """Return late target pairs of users with little history there and some elsewhere.

        Pairs of items that the target's edges know come first, those of cold items second.
        """
        own, everywhere = self.degrees("user", target), self.degrees("user")
        few = (own <= FEW) & (everywhere > own)
        late = self.late.where((self.late.domain == target) & few[self.late.user])
        known = self.degrees("item", target)[late.item] > 0
        return late.where(known), late.where(~known)


def new_pairs(edges: Pairs, late: Pairs) -> Pairs:
    """Return the late pairs that are no edges, each once."""
    _, first = np.unique(late.key, return_index=True)
    late = late.where(np.sort(first))
    return late.where(~np.isin(late.key, edges.key))


def twins(edges: Pairs, late: Pairs) -> np.ndarray:
    """Return an [n] mask of late pairs whose user has an edge to the same product in another domain.

    A product of Amazon's may stand in two categories, under an id in each and with all its reviews: a test
    pair of the target is then an edge of the source. Two items of different domains are taken for one product
    when they share two users or more, and at least half of those that either has.
    """
    ones = np.ones(len(edges), np.float32)
    known = scipy.sparse.csr_array((ones, (edges.user, edges.item)), shape=(IDS, IDS))
    shared = (known.T @ known).tocoo()
    domain = np.full(IDS, -1)
    domain[edges.item] = edges.domain
    degrees = np.bincount(edges.item, minlength=IDS)
    row, column = shared.coords
    either = degrees[row] + degrees[column] - shared.data
    same = (domain[row] != domain[column]) & (shared.data >= 2) & (2 * shared.data >= either)
    twin = scipy.sparse.csr_array((shared.data[same], (row[same], column[same])), shape=(IDS, IDS))
    found: np.ndarray = np.asarray((twin[late.item] * known[late.user]).sum(1)) > 0
    return found


def ciao_windows(years: Sequence[int]) -> Iterator[Window]:
    """Yield a window a year: edges up to the first of January, and the pairs of the year after."""
    table = pq.read_table(data_root("ciao") / "ratings.parquet")
    columns = ["user_id", "item_id", "category_id", "timestamp"]
    user, item, domain, seconds = (table[c].to_numpy().astype(np.int64) for c in columns)
    _, item = np.unique(item * 8 + domain, return_inverse=True)  # three items stand in two categories
    pairs = Pairs(user, item.astype(np.int64), domain - 1, seconds * 1_000_000)
    for year in years:
        as_of = datetime(year, 1, 1, tzinfo=UTC)
        start, end = (datetime(y, 1, 1, tzinfo=UTC).timestamp() * 1e6 for y in (year, year + 1))
        edges = pairs.where(pairs.time <= start)
        late = pairs.where((pairs.time > start) & (pairs.time <= end))
        yield Window(f"ciao {year}", as_of, edges, new_pairs(edges, late))


def amazon_pairs(split: str) -> Pairs:
    """Return the pairs of one split: domain 0 is cloth, 1 sport."""
    path = data_root("cdr_amazon_sport_cloth") / "interactions.parquet"
    table = pq.read_table(path, filters=[("split", "=", split)])
    domain = (table["domain"].to_numpy(zero_copy_only=False) == "sport").astype(np.int64)
    user, item = (table[c].to_numpy().astype(np.int64) for c in ("user_id", "item_id"))
    return Pairs(user, item + domain * (IDS // 2), domain, np.zeros(len(user), np.int64))


def joined(*parts: Pairs) -> Pairs:
    """Return several parts' pairs, one part after another."""
    columns = ("user", "item", "domain", "time")
    return Pairs(*(np.concatenate([getattr(p, c) for p in parts]) for c in columns))


def held_out(pairs: Pairs, share: float, seed: int) -> np.ndarray:
    """Return an [n] mask of about ``share`` of each user's pairs in each domain, never all of them."""
    rng = np.random.default_rng(seed)
    group = pairs.user * 2 + pairs.domain
    order = np.lexsort((rng.random(len(pairs)), group))
    sorted_group = group[order]
    starts = np.searchsorted(sorted_group, sorted_group)
    size = np.bincount(group)[sorted_group]
    take = np.minimum(np.floor(share * size + rng.random(IDS * 2)[sorted_group]), size - 1)
    mask = np.zeros(len(pairs), bool)
    mask[order] = np.arange(len(pairs)) - starts < take
    return mask
