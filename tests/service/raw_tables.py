"""The raw columns of a request, put together slowly from what the store answers row by row."""

import pyarrow as pa

from embedding_features.store import online


def raw_table(world, bundle, user, items, given):
    """[items] rows of the bundle's columns, typed as in training.

    Args:
        given: column → the value of all rows, or a list of a value for each.
    """
    pair = {"user_id": pa.array([user] * len(items)), "item_id": pa.array(items)}
    answer = online(world.repo, pa.table(pair), bundle.feature_refs)
    columns = {name: answer[name].to_pylist() for name in answer.column_names}
    columns |= given
    if "user_history_spectral_item_vector" in bundle.spec.columns() and "user_history" in given:
        columns["user_history_spectral_item_vector"] = [
            vectors_of(world, bundle, ids) for ids in given["user_history"]
        ]
    schema = world.raw.schema
    return pa.table(
        {
            name: pa.array(columns.get(name, [None] * len(items)), plain(schema.field(name).type))
            for name in bundle.spec.columns()
        }
    )


def plain(of):
    """A type without dictionaries."""
    if pa.types.is_list(of) and pa.types.is_dictionary(of.value_type):
        return pa.list_(of.value_type.value_type)
    return of


def vectors_of(world, bundle, ids):
    """The pinned vector of each item, None without one."""
    (ref,) = (ref for ref in bundle.feature_refs if ref.startswith("spectral_item_vector"))
    if ids is None:
        return None
    answer = online(world.repo, pa.table({"item_id": pa.array(ids, pa.int64())}), [ref])
    return answer["spectral_item_vector__vector"].to_pylist()
