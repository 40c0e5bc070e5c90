"""What the routes answer: ranks, candidates and recommendations, with or without the online store."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from embedding_features.store import EmbeddingFeatures
from ranking.service.answers import RankAnswer, RecallAnswer, RecommendAnswer, rank_answer
from ranking.service.bundle_holder import BundleHolder
from ranking.service.candidate_search import CandidateSearch
from ranking.service.circuit_breaker import CircuitBreaker
from ranking.service.errors import PathRedactor, StoreUnavailable, unavailable
from ranking.service.limits import check_at_most
from ranking.service.lists import check_ids, read_domains, read_popular
from ranking.service.metrics import Metrics
from ranking.service.requests import RankRequest, RecallRequest, RecommendRequest
from ranking.service.scoring import RequestScorer
from ranking.service.served_bundle import ServedBundle
from ranking.service.settings import Settings
from ranking.service.subject import node_events


class RankingService:
    """Ranks, finds and recommends items by a bundle and a repository.

    Args:
        folder: of the bundle, or a link to it.
        repo: the Feast repository.
        settings: what ``service.yaml`` holds.

    Raises:
        BundleError, CompatibilityError: when the bundle is broken, or does not fit the repository.
        ConfigError, StoreError: when a list or a column of the settings cannot be had.
    """

    def __init__(self, folder: Path, repo: Path, settings: Settings) -> None:
        self.settings, self.metrics = settings, Metrics()
        domains = read_domains(settings.recall.domains)
        self._client = EmbeddingFeatures(repo, index=settings.recall.index, domains=domains)
        self._popular = read_popular(settings.popular)
        check_ids({settings.recall.item: self._popular}, repo, "popular")
        check_ids(domains, repo, "recall.domains")
        self.path_redactor = PathRedactor({"the bundle": folder, "the repository": repo})
        load = partial(ServedBundle.load, repo=repo, settings=settings, client=self._client)
        self.bundle_holder = BundleHolder(folder, load, self.path_redactor, self.metrics)
        self.candidate_search = CandidateSearch(self._client, settings.recall)
        self.circuit_breaker = CircuitBreaker(settings.store, self.metrics)
        self._scorer = RequestScorer(
            self.bundle_holder, self.circuit_breaker, self.metrics, settings.scoring_threads
        )

    async def rank(self, request: RankRequest, request_id: str) -> RankAnswer:
        """Return the scores of a request's items.

        Raises:
            DataError, CompatibilityError: when the request breaks a rule.
        """
        check_at_most("items", len(request.items), self.settings.limits.items)
        check_at_most("events", len(request.events or ()), self.settings.limits.events)
        scored = await self._scorer.score(request.user, request.items, request.features, request.events)
        order = scored.best_first() if request.sort == "score" else range(len(request.items))
        return rank_answer(scored, order, request_id)

    async def recall(self, request: RecallRequest, request_id: str) -> RecallAnswer:
        """Return the nearest nodes of ids or vectors.

        Raises:
            ServiceError: 503 when ids cannot be looked up, or the index not be read.
            DataError, CompatibilityError: when the request breaks a rule.
        """
        limits = self.settings.limits
        check_at_most("queries", len(request.ids or request.vectors or ()), limits.queries)
        check_at_most("neighbours", request.k, limits.k)
        if request.ids and not self.circuit_breaker.reachable:
            raise unavailable("the online store is away: ids cannot be looked up")
        node_types = self.bundle_holder.current.node_types
        try:
            results = await self.candidate_search.search(request, node_types)
        except StoreUnavailable:
            raise unavailable("ids cannot be looked up, or the index not be read, now") from None
        return RecallAnswer(results=results, request_id=request_id)

    async def recommend(self, request: RecommendRequest, request_id: str) -> RecommendAnswer:
        """Return the best of a user's candidates.

        Raises:
            ServiceError: 503 when there are no candidates because the store is away.
            DataError, CompatibilityError: when the request breaks a rule.
        """
        count = min(request.candidates or self.settings.recall.candidates, self.settings.limits.items)
        check_at_most("candidates", request.candidates or 0, self.settings.limits.items)
        check_at_most("events", len(request.events or ()), self.settings.limits.events)
        check_at_most("recommendations", request.k, self.settings.limits.k)
        items, store_away = await self._nearest_items(request, count)
        source: Literal["recall", "popular", "none"] = "recall"
        if not items:
            items = self._popular_items(request.deny, count)
            source = "popular" if items else "none"
        if not items and store_away:
            raise unavailable("the online store is away, and there is no list of popular items")
        scored = await self._scorer.score(request.user, items, request.features, request.events)
        answer = rank_answer(scored, scored.best_first()[: request.k], request_id)
        answer["degraded"] |= store_away
        return RecommendAnswer(**answer, source=source, candidates=len(items))

    async def _nearest_items(self, request: RecommendRequest, count: int) -> tuple[list[Any], bool]:
        """Candidates by the user's events or vector, and whether the store was away."""
        if not self.circuit_breaker.reachable:
            return [], True
        events = node_events(request.events)
        try:
            found = await self.candidate_search.items_of_user(request.user, count, request.deny, events)
        except StoreUnavailable:
            return [], True
        return list(found["ids"]), False

    def _popular_items(self, deny: Sequence[int] | Sequence[str], count: int) -> list[Any]:
        denied = set(deny)
        return [item for item in self._popular if item not in denied][:count]

    def probe_store(self) -> None:
        """Ask the online store for something, to see whether it answers.

        Raises:
            StoreError: when it does not.
        """
        self.bundle_holder.current.reader.probe()

    def close(self) -> None:
        """Let go of threads and connections, once all requests are answered."""
        self.circuit_breaker.close()
        self.candidate_search.close()
        self._scorer.close()
        self._client.close()
