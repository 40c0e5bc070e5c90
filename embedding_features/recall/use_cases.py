"""The three uses of recall, each a call or two: interests, other domains, cold start.

In the examples ``users`` and ``items`` are indexes of one snapshot; a service that has its vectors from the
online store wraps them as ``Queries(space, vectors)`` instead of asking an index for them.
"""

from embedding_features.ids import Ids
from embedding_features.recall.index import RecallIndex
from embedding_features.recall.queries import Hits, Queries


def interest_recall(
    items: RecallIndex,
    users: Queries,
    k: int = 100,
    *,
    seen: Ids | None = None,
    allow: Ids | None = None,
    partition: str | None = None,
) -> Hits:
    """Find the items that users' interests lead to (user → items).

    Args:
        items: the index to search.
        users: their vectors.
        k: items wanted for each user.
        seen: a list of item ids for each user, not to be recommended again; null where there is none.
        allow: the only items, e.g. those in stock; flat for all users or a list for each.
        partition: the only domain to search; None for all.

    >>> hits = interest_recall(items, users.vectors_of([1, 2]), k=3, seen=[["tv"], None])
    >>> hits.lists().to_pylist()
    [['film', 'book', 'opera'], ['book', 'opera', 'film']]
    """
    return items.search(users, k, deny=seen, allow=allow, partition=partition)


def cross_domain_recall(
    items: RecallIndex, sources: Queries, domain: str, k: int = 100, *, deny: Ids | None = None
) -> Hits:
    """Find items of one domain for users, or items, known from another.

    Args:
        items: the index to search, built with partitions.
        sources: users' vectors, or vectors of items of another domain.
        domain: the partition of ``items`` that may be found.
        k: items wanted for each source.
        deny: items that must not be found; flat for all sources or a list for each.

    >>> cross_domain_recall(items, items.vectors_of(["book"]), "screen", k=2).lists().to_pylist()
    [['film', 'tv']]
    """
    return items.search(sources, k, deny=deny, partition=domain)


def cold_start_recall(users: RecallIndex, fresh: Queries, k: int = 100, *, deny: Ids | None = None) -> Hits:
    """Find the users to show new items or authors to that no snapshot holds yet (new vector → users).

    Args:
        users: the index to search.
        fresh: vectors of the new items in the users' space, e.g. out of the encoder, or the mean of the
            vectors of the first users who took to them.
        k: users wanted for each new vector.
        deny: users that must not be found; flat for all vectors or a list for each.

    >>> fresh = Queries(users.manifest.space, np.array([[0, 1]], np.float32))
    >>> cold_start_recall(users, fresh, k=2).ids.to_pylist()
    [2, 3]
    """
    return users.search(fresh, k, deny=deny)
