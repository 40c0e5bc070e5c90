"""Names of Feast objects: those that publishing gives, and those that a repository's people gave before.

Nothing of theirs is replaced. An entity of theirs is used where its join key and type are right; every other
object of one of our names is refused, with the way out.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from feast import Entity, FeatureService, FeatureView, FileSource, ValueType
from feast.base_feature_view import BaseFeatureView
from feast.data_source import DataSource

from embedding_features.errors import StoreError
from embedding_features.store.marks import PREFIX, is_history, mark
from embedding_features.store.publishing.feast_objects import FeastObjects
from embedding_features.store.repo_settings import SETTINGS_FILE


def refuse_taken(ours: FeastObjects, theirs: FeastObjects) -> None:
    """Check that no object of theirs has a name of ours.

    Raises:
        StoreError: when an object of theirs has a name of ours; not for an entity that will do, nor for what
            was published before.
    """
    taken = [*_entities(ours, theirs), *_others(ours, theirs)]
    if taken:
        whats, fixes = zip(*taken, strict=True)
        raise StoreError(f"in {theirs.where}: {'; '.join(whats)}", fix="; ".join(dict.fromkeys(fixes)))


def _entities(ours: FeastObjects, theirs: FeastObjects) -> Iterator[tuple[str, str]]:
    """Return what is wrong with entities, and the way out."""
    known = {entity.name: entity for entity in ours.entities}
    for other in theirs.entities:
        entity = known.get(other.name, other)
        types = (entity.value_type, ValueType.UNKNOWN)  # unknown: views say it
        if other.join_key != entity.join_key or other.value_type not in types:
            node_type = entity.join_key.removesuffix("_id")
            yield (
                f"entity {other.name} has join key {other.join_key} of type {other.value_type.name}, but "
                f"published ids are {entity.join_key} of type {entity.value_type.name}",
                f"write 'entities: {{{node_type}: embedding_{node_type}}}' into {SETTINGS_FILE}, or rename "
                "yours",
            )


def _others(ours: FeastObjects, theirs: FeastObjects) -> Iterator[tuple[str, str]]:
    """Return what is wrong with views, sources and services, and the way out."""
    taken = "has the name of one that is published, and is another"
    family = "rename yours, or publish snapshots of another family (pretrain: {family: …})"
    events = f"rename yours, or leave events out of {SETTINGS_FILE}"
    for view, other in _pairs(ours.views, theirs.views):
        if not _is_published(other, view):
            yield f"feature view {other.name} {taken}", events if is_history(view) else family
    for source, other in _pairs(ours.sources, theirs.sources):
        if not (is_history(other) if is_history(source) else _is_same_place(other, source)):
            yield f"data source {other.name} {taken}", events if is_history(source) else family
    for service, other in _pairs(ours.services, theirs.services):
        if not _is_our_service(other):
            name = mark(service, "service")
            fix = f"write 'services: {{{name}: embedding_{name}}}' into {SETTINGS_FILE}, or rename yours"
            yield f"feature service {other.name} {taken}", fix


def _pairs(ours: Sequence[Any], theirs: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Return the pairs of one name, for which Feast takes upper and lower case alike."""
    known = {item.name.lower(): item for item in ours}
    return ((known[o.name.lower()], o) for o in theirs if o.name.lower() in known)


def _is_published(view: BaseFeatureView, ours: FeatureView) -> bool:
    """Return whether a view was published under its name, by this or an earlier version of the library."""
    if is_history(ours):
        return is_history(view)
    tags = (tag for field in view.features for tag in field.tags or ())
    runs = any(tag.removeprefix(PREFIX) == "run_id" for tag in tags)
    return runs and _is_same_place(getattr(view, "batch_source", None), ours.batch_source)


def _is_same_place(source: DataSource | None, ours: FileSource) -> bool:
    """Return whether a source leads to our snapshots of a table, wherever the repository was."""
    if not isinstance(source, FileSource):
        return False
    parts = Path(source.path).parts
    return (*parts[-5:-3], *parts[-2:]) == ("data", "snapshots", "*", Path(ours.path).name)


def _is_our_service(service: FeatureService) -> bool:
    """Return whether a service bears our mark, or is as it was made before there were marks.

    Then it was of nothing but our views.
    """
    if mark(service, "service") is not None:
        return True
    plain = not (service.tags or service.description or service.owner)
    members = [field for view in service.feature_view_projections for field in view.features]
    return plain and bool(members) and all("run_id" in (field.tags or {}) for field in members)


def adopt(ours: Sequence[Entity], theirs: Sequence[Entity]) -> None:
    """Make our entities those that are there already: description, tags and owner stay as they are."""
    known = {entity.name: entity for entity in theirs}
    for entity in ours:
        vars(entity).update(vars(known.get(entity.name, entity)))
