"""The plans of a client, opened anew when the registry has changed."""

import threading
from pathlib import Path

from embedding_features.errors import StoreError
from embedding_features.store.client.plans import Plans


class CurrentPlans:
    """Gives the plans of a repository's registry as it is now; any number of threads may ask.

    Args:
        repo: folder of the repository.

    Raises:
        StoreError: when the folder is no repository, or nothing is applied in it.
    """

    def __init__(self, repo: Path) -> None:
        self._repo, self._lock = repo, threading.Lock()
        self._plans: Plans | None = Plans.open(repo)

    def get(self) -> Plans:
        """Return the plans, opened anew when the registry has changed.

        Raises:
            StoreError: after :meth:`close`, or when the registry cannot be read.
        """
        plans = self._plans
        if plans is not None and plans.is_current():
            return plans
        with self._lock:
            if self._plans is None:
                raise StoreError(f"the client of {self._repo} is closed", fix="open a new one")
            if not self._plans.is_current():
                self._plans = Plans.open(self._repo)
            return self._plans

    def close(self) -> None:
        """Let go of the store; asking again fails."""
        with self._lock:
            self._plans = None
