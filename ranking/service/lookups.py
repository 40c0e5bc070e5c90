"""Features that are looked up together, for they belong to the same entity."""

from collections.abc import Mapping
from dataclasses import dataclass

from embedding_features.errors import ConfigError
from embedding_features.store import EmbeddingFeatures
from ranking.service.settings import Settings
from ranking.task.task import SIDES, Side


@dataclass(frozen=True)
class StoreLookup:
    """Features that are looked up together.

    Attributes:
        sides: whose ids they are looked up by.
        keys: the key column of each side in Feast.
        refs: of the features.
        columns: view → its features, each with the raw columns it gives.
        pinned: whether they are pretrained features, of the bundle's pinned runs.
    """

    sides: tuple[Side, ...]
    keys: tuple[str, ...]
    refs: tuple[str, ...]
    columns: Mapping[str, tuple[tuple[str, str], ...]]
    pinned: bool

    @property
    def of_user(self) -> bool:
        """Whether one row serves all items."""
        return self.sides == ("user",)


def find_lookups(
    refs: Mapping[str, str], settings: Settings, client: EmbeddingFeatures, pinned: bool
) -> list[StoreLookup]:
    """One lookup for the features of each set of sides.

    Args:
        refs: raw column → the feature that gives it.
        pinned: whether they are of the bundle's pinned runs.

    Raises:
        ConfigError: when a view is keyed by something else than a user's and an item's id.
        StoreError: when the repository has not a feature.
    """
    sides = {settings.user_key: SIDES[0], settings.item_key: SIDES[1]}
    of_keys: dict[tuple[str, ...], dict[str, str]] = {}
    for column, ref in refs.items():
        keys = client.keys([ref])
        strange = [key for key in keys if key not in sides]
        if strange:
            raise ConfigError(
                f"{ref} is looked up by {', '.join(strange)}; the service knows {' and '.join(sides)}",
                fix="name the users' and items' key columns by user_key and item_key",
            )
        of_keys.setdefault(tuple(sorted(keys)), {})[column] = ref
    return [
        StoreLookup(
            tuple(sides[key] for key in keys), keys, tuple(dict.fromkeys(of.values())), _by_view(of), pinned
        )
        for keys, of in of_keys.items()
    ]


def _by_view(refs: Mapping[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """View → feature and raw column of each."""
    views: dict[str, tuple[tuple[str, str], ...]] = {}
    for column, ref in refs.items():
        view, feature = ref.split(":", 1)
        name = view.split("@", 1)[0]
        views[name] = (*views.get(name, ()), (feature, column))
    return views
