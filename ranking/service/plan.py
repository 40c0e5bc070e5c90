"""Where each raw column of a bundle comes from: ids, the pinned runs, the request, or Feast."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from embedding_features.errors import ConfigError
from embedding_features.fresh import fresh_prefix
from embedding_features.store import EmbeddingFeatures
from ranking.bundle import Bundle
from ranking.inputs.field_specs import AnyField, CategorySpec, HistorySpec, NumberSpec, VectorSpec
from ranking.service.lookups import StoreLookup, find_lookups
from ranking.service.settings import Settings
from ranking.task.task import SIDES, Side

#: raw columns that hold a request's ids
IDS = {f"{side}_id": side for side in SIDES}


@dataclass(frozen=True)
class HistoryVectors:
    """The vectors of a user's last items, looked up beside the candidates.

    Attributes:
        column: the raw column of lists of vectors.
        ids: the raw column of lists of item ids.
        source: the raw column of the candidates' vectors, from whose view they come.
        length: items that are read of a list.
    """

    column: str
    ids: str
    source: str
    length: int


@dataclass(frozen=True)
class ColumnPlan:
    """Says where the raw columns come from.

    Attributes:
        columns: all, in the order of the spec.
        depths: column that a request may give → 0 for a value a row, 1 for a list, 2 for a list of lists.
        lookups: those of the user first, so that a history may come from one.
        histories: vectors that are looked up by a history's ids.
        mapped: columns that Feast gives where a request does not.
    """

    columns: tuple[str, ...]
    depths: Mapping[str, int]
    lookups: tuple[StoreLookup, ...]
    histories: tuple[HistoryVectors, ...]
    mapped: tuple[str, ...]

    @classmethod
    def of(cls, bundle: Bundle, settings: Settings, client: EmbeddingFeatures) -> "ColumnPlan":
        """Plan where the raw columns of a bundle come from.

        Raises:
            ConfigError: when a column of the settings is not the request's to give, or a view is keyed by
                something else than a user's and an item's id.
            StoreError: when the repository has not a feature.
        """
        columns = tuple(bundle.spec.columns())
        pinned = _pinned(bundle)
        histories = _histories(bundle, pinned)
        computed = {*IDS, *pinned, *(history.column for history in histories), *_fresh(bundle)}
        depths = {c: d for field in bundle.spec.fields for c, d in _depths(field) if c not in computed}
        depths |= {history.column: 2 for history in histories}
        mapped = {c: ref for c, ref in settings.columns.items() if c in columns}
        taken = [column for column in mapped if column not in depths]
        if taken:
            raise ConfigError(
                f"columns: {taken[0]} comes from the ids or from the bundle's pinned runs",
                fix="leave it out of columns",
            )
        lookups = [
            *find_lookups(pinned, settings, client, True),
            *find_lookups(mapped, settings, client, False),
        ]
        lookups.sort(key=lambda lookup: not lookup.of_user)
        return cls(columns, depths, tuple(lookups), histories, tuple(mapped))

    @property
    def of_request(self) -> list[str]:
        """The columns that only a request gives."""
        looked_up = {*self.mapped, *(history.column for history in self.histories)}
        return [column for column in self.columns if column in self.depths and column not in looked_up]

    def reads(self, side: Side) -> bool:
        """Return whether the bundle reads pretrained features of a side."""
        return any(lookup.pinned and lookup.sides == (side,) for lookup in self.lookups)


def _fresh(bundle: Bundle) -> set[str]:
    """The raw columns of fresh figures, which a service makes."""
    prefixes = tuple(fresh_prefix(pin.family, pin.node_type) for pin in bundle.record.fresh)
    return {column for column in bundle.spec.columns() if column.startswith(prefixes)}


def _pinned(bundle: Bundle) -> dict[str, str]:
    """Raw column → reference of the pinned feature it is."""
    refs = {
        f"{pin.view}__{feature}": ref
        for pin in bundle.pins
        for feature, ref in zip(pin.features, pin.refs, strict=True)
    }
    plain = {column: re.sub(r"@v\d+(?=__)", "", column) for column in bundle.spec.columns()}
    return {column: refs[name] for column, name in plain.items() if name in refs}


def _histories(bundle: Bundle, pinned: Mapping[str, str]) -> tuple[HistoryVectors, ...]:
    """The histories whose vectors are looked up: those of candidates with a pinned vector."""
    fields = bundle.spec.fields
    candidates = {f.name: f.column for f in fields if isinstance(f, VectorSpec) and f.column in pinned}
    sequences = [field for field in fields if isinstance(field, HistorySpec)]
    longest = {s.column: max(o.length for o in sequences if o.column == s.column) for s in sequences}
    return tuple(
        HistoryVectors(s.vectors, s.column, candidates[s.candidate], longest[s.column])
        for s in sequences
        if s.vectors is not None and s.candidate in candidates
    )


def _depths(field: AnyField) -> list[tuple[str, int]]:
    """The raw columns of a field, and how deep their values are nested."""
    if isinstance(field, NumberSpec | CategorySpec):
        return [(field.column, 0)]
    names = (getattr(field, key, None) for key in ("column", "weights", "user", "item"))
    lists = [(name, 1) for name in names if isinstance(name, str)]
    if isinstance(field, HistorySpec) and field.vectors is not None:
        lists.append((field.vectors, 2))
    return lists
