"""A published service as Feast's object, which sees to it that nothing of a repository's own is replaced."""

from collections.abc import Callable
from typing import Any

from feast import FeatureService


class PublishedService(FeatureService):  # type: ignore[misc]
    """Is a service of ours, which can look around before ``feast apply`` writes anything.

    Of two objects of one name in a repository's files Feast takes the last, in an order that is not said. It
    calls :meth:`infer_features` when it has read all files and written nothing.

    Attributes:
        before_apply: is called then, and may refuse.
    """

    before_apply: Callable[[], None] | None = None

    def infer_features(self, fvs_to_update: dict[str, Any]) -> None:
        """Do what Feast does, after a look around.

        Raises:
            StoreError: when a file of the repository has an object of a name of ours.
        """
        if self.before_apply is not None:
            self.before_apply()
        super().infer_features(fvs_to_update)
