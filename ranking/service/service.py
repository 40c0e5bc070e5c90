"""What the routes answer: ranks, candidates and recommendations, with or without the online store."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

from embedding_features.store import EmbeddingFeatures
from ranking.service.answers import RankAnswer, RankedItems, RecallAnswer, RecommendAnswer
from ranking.service.bundle_holder import BundleHolder
from ranking.service.candidate_search import CandidateSearch
from ranking.service.circuit_breaker import CircuitBreaker
from ranking.service.errors import PathRedactor, StoreAway, unavailable
from ranking.service.limits import at_most
from ranking.service.lists import check_ids, read_domains, read_popular
from ranking.service.metrics import Metrics
from ranking.service.reading import ReadColumns
from ranking.service.requests import Features, RankRequest, RecallRequest, RecommendRequest
from ranking.service.served_bundle import ServedBundle
from ranking.service.settings import Settings


class RankingService:
    """A bundle over a repository.

    Args:
        folder: of the bundle, or a link to it.
        repo: the Feast repository.

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
        self.hidden = PathRedactor({"the bundle": folder, "the repository": repo})
        load = partial(ServedBundle.load, repo=repo, settings=settings, client=self._client)
        self.bundles = BundleHolder(folder, load, self.hidden, self.metrics)
        self.recalls = CandidateSearch(self._client, settings.recall)
        self.guard = CircuitBreaker(settings.store, self.metrics)
        self._scoring = ThreadPoolExecutor(settings.scoring_threads, "scoring")

    async def rank(self, asked: RankRequest, request_id: str) -> RankAnswer:
        """Scores of items.

        Raises:
            DataError, CompatibilityError: when the request breaks a rule.
        """
        ranked = await self._ranked(asked.user, asked.items, asked.features)
        order = ranked.best() if asked.sort == "score" else range(len(asked.items))
        return ranked.answer(order, request_id)

    async def recall(self, asked: RecallRequest, request_id: str) -> RecallAnswer:
        """The nearest of ids or vectors.

        Raises:
            ServiceError: 503 when ids cannot be looked up, or the index not be read.
            DataError, CompatibilityError: when the request breaks a rule.
        """
        limits = self.settings.limits
        at_most("queries", len(asked.ids or asked.vectors or ()), limits.queries)
        at_most("neighbours", asked.k, limits.k)
        if asked.ids and not self.guard.reachable:
            raise unavailable("the online store is away: ids cannot be looked up")
        try:
            results = await self.recalls.search(asked, self.bundles.current.node_types)
        except StoreAway:
            raise unavailable("ids cannot be looked up, or the index not be read, now") from None
        return RecallAnswer(results=results, request_id=request_id)

    async def recommend(self, asked: RecommendRequest, request_id: str) -> RecommendAnswer:
        """The best of the candidates of a user.

        Raises:
            ServiceError: 503 when there are no candidates because the store is away.
            DataError, CompatibilityError: when the request breaks a rule.
        """
        count = min(asked.candidates or self.settings.recall.candidates, self.settings.limits.items)
        at_most("candidates", asked.candidates or 0, self.settings.limits.items)
        at_most("recommendations", asked.k, self.settings.limits.k)
        items, away = await self._near(asked, count)
        source: Literal["recall", "popular", "none"] = "recall"
        if not items:
            items = self._fallback(asked.deny, count)
            source = "popular" if items else "none"
        if not items and away:
            raise unavailable("the online store is away, and there is no list of popular items")
        ranked = await self._ranked(asked.user, items, asked.features)
        answer = ranked.answer(ranked.best()[: asked.k], request_id)
        answer["degraded"] |= away
        return RecommendAnswer(**answer, source=source, candidates=len(items))

    async def _near(self, asked: RecommendRequest, count: int) -> tuple[list[Any], bool]:
        """Candidates by the user's vector, and whether the store was away."""
        if not self.guard.reachable:
            return [], True
        try:
            return list((await self.recalls.of_user(asked.user, count, asked.deny))["ids"]), False
        except StoreAway:
            return [], True

    def _fallback(self, deny: Sequence[int] | Sequence[str], count: int) -> list[Any]:
        denied = set(deny)
        return [item for item in self._popular if item not in denied][:count]

    async def _ranked(self, user: int | str, items: Sequence[Any], features: Features) -> RankedItems:
        at_most("items", len(items), self.settings.limits.items)
        loaded, degraded = self.bundles.current, False
        asked, read = loaded.asked(user, items, features), ReadColumns()
        if loaded.plan.lookups:
            try:
                read = await self.guard.run(partial(loaded.reader.read, asked))
            except StoreAway:
                degraded = True
        score = partial(loaded.score, asked, read, features)
        scored = await asyncio.get_running_loop().run_in_executor(self._scoring, score)
        ranked = RankedItems(loaded, items, read, scored, degraded)
        self._count(ranked)
        return ranked

    def _count(self, ranked: RankedItems) -> None:
        self.metrics.candidates += len(ranked.items)
        self.metrics.degraded_answers += ranked.degraded
        self.metrics.missing.update(ranked.scored.missing)
        for side, found in ranked.read.found.items():
            self.metrics.without_vector[side] += int((~found).sum())

    def look(self) -> None:
        """See whether the store answers.

        Raises:
            StoreError: when it does not.
        """
        self.bundles.current.reader.look()

    def close(self) -> None:
        """Let go of everything; what is being answered is answered."""
        self.guard.close()
        self.recalls.close()
        self._scoring.shutdown(wait=True)
        self._client.close()
