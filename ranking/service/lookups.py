"""Lookups in the store: features that are read together, for they belong to the same entity."""

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
        sides: the sides by whose ids they are looked up.
        keys: the key column of each side in Feast.
        refs: the features, as ``view:feature`` or ``view@vN:feature``.
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
        """Whether it is of the user alone, so that one row serves all items."""
        return self.sides == ("user",)


def find_lookups(
    refs: Mapping[str, str], settings: Settings, client: EmbeddingFeatures, pinned: bool
) -> list[StoreLookup]:
    """Return one lookup for the features of each set of sides.

    Args:
        refs: raw column → the feature that gives it.
        settings: name the key columns of users and items.
        client: of the store that has the features.
        pinned: whether they are of the bundle's pinned runs.

    Raises:
        ConfigError: when a view is keyed by something else than a user's and an item's id.
        StoreError: when the repository has not a feature.
    """
    sides = {settings.user_key: SIDES[0], settings.item_key: SIDES[1]}
    by_keys: dict[tuple[str, ...], dict[str, str]] = {}
    for column, ref in refs.items():
        keys = client.keys([ref])
        unknown = [key for key in keys if key not in sides]
        if unknown:
            raise ConfigError(
                f"{ref} is looked up by {', '.join(unknown)}; the service knows {' and '.join(sides)}",
                fix="name the users' and items' key columns by user_key and item_key",
            )
        by_keys.setdefault(tuple(sorted(keys)), {})[column] = ref
    return [
        StoreLookup(
            sides=tuple(sides[key] for key in keys),
            keys=keys,
            refs=tuple(dict.fromkeys(columns.values())),
            columns=_by_view(columns),
            pinned=pinned,
        )
        for keys, columns in by_keys.items()
    ]


def _by_view(refs: Mapping[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """View → its features, each with the raw column it gives."""
    views: dict[str, tuple[tuple[str, str], ...]] = {}
    for column, ref in refs.items():
        view, feature = ref.split(":", 1)
        name = view.split("@", 1)[0]
        views[name] = (*views.get(name, ()), (feature, column))
    return views
