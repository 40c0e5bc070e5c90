"""On-demand views that are written online: computed when written, and then served like any other view."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from feast import FeatureService, Field, RequestSource
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from feast.protos.feast.types.Value_pb2 import Value
from feast.transformation.pandas_transformation import PandasTransformation
from feast.transformation.python_transformation import PythonTransformation
from feast.types import Array, Float64, Int64, String

from embedding_features.errors import StoreError
from tests.store.beside import HOUR, NOW, USER, outcome


def by_columns(inputs):
    """mode python."""
    return {"double": [2 * x for x in inputs["x"]], "words": [[str(x), "é"] for x in inputs["x"]]}


def by_frame(frame):
    """mode pandas."""
    return pd.DataFrame({"double": 2 * frame["x"], "words": [[str(x), "é"] for x in frame["x"]]})


def by_row(row):
    """mode python, one row at a time."""
    return {"double": 2 * row["x"], "words": [str(row["x"]), "é"]}


MODES = {"python": by_columns, "pandas": by_frame}
TRANSFORMATIONS = {"python": PythonTransformation, "pandas": PandasTransformation}


def twice(repo, mode, entities=(USER,), write=True, sources=None, function=None):
    """An on-demand view over ``v``."""
    function = function or MODES[mode]
    return OnDemandFeatureView(
        name="twice",
        sources=sources or [repo.view],
        schema=[Field(name="double", dtype=Int64), Field(name="words", dtype=Array(String))],
        mode=mode,
        entities=list(entities),
        feature_transformation=TRANSFORMATIONS[mode](udf=function, udf_string=function.__name__),
        singleton=function is by_row,
        write_to_online_store=write,
    )


def applied(repo, mode, **settings):
    repo.put(x=[10, 20])
    repo.apply(x=Int64)
    repo.feast.apply([twice(repo, mode, **settings)])
    return repo


def asked(repo, ids=(1, 2, 9), names=("double", "words")):
    return repo.get(names, ids, "twice")


@pytest.mark.parametrize("mode", MODES)
def test_it_is_materialized_and_read(beside, mode):
    answers = []
    for repo in beside():
        applied(repo, mode).materialize()
        answers.append((asked(repo), repo.get(["x"])))
    assert answers[0] == answers[1]
    assert answers[1][0]["double"] == [20, 40, None]


@pytest.mark.parametrize("mode", MODES)
def test_rows_are_written_and_transformed(beside, mode):
    answers = []
    for repo in beside():
        applied(repo, mode)
        repo.write("twice", user_id=[1, 7], x=[5, 6])
        answers.append(asked(repo, (1, 7, 9)))
        repo.write("twice", user_id=[1], x=[8])
        answers.append(asked(repo, (1, 7, 9)))
    assert answers[:2] == answers[2:]
    assert [answer["double"] for answer in answers[2:]] == [[10, 12, None], [16, 12, None]]


@pytest.mark.parametrize("mode", MODES)
def test_rows_that_were_transformed_before(beside, mode):
    answers = []
    for repo in beside():
        applied(repo, mode)
        frame = pd.DataFrame({"user_id": [1], "x": [5], "double": [99], "words": [["w"]]})
        repo.feast.write_to_online_store("twice", frame, transform_on_write=False)
        answers.append(asked(repo, (1,)))
    assert answers[0] == answers[1] == {"double": [99], "words": [["w"]]}


def test_a_null_list_and_a_list_that_is_left_out(beside):
    answers = []
    for repo in beside():
        applied(repo, "python")
        frame = pd.DataFrame({"user_id": [1, 2], "x": [5, 6], "double": [99, 98], "words": [["w"], None]})
        repo.feast.write_to_online_store("twice", frame, transform_on_write=False)
        less = frame.drop(columns="words").assign(user_id=[3, 4])
        said = outcome(
            lambda r=repo, f=less: r.feast.write_to_online_store("twice", f, transform_on_write=False)
        )
        answers.append((said, asked(repo, (1, 2, 3))))
    assert answers[0] == answers[1]


def test_statuses_times_and_services(beside):
    for repo in beside():
        before = datetime.now(UTC) - timedelta(seconds=1)
        applied(repo, "python").materialize()
        repo.feast.apply(
            [FeatureService(name="s", features=[repo.view, repo.feast.get_on_demand_feature_view("twice")])]
        )
        service = repo.feast.get_feature_service("s")
        answer = repo.feast.get_online_features(service, [{"user_id": i} for i in (1, 9)])
        assert answer.to_dict()["double"] == [20, None]
        place = list(answer.proto.metadata.feature_names.val).index("double")
        found = answer.proto.results[place]
        assert found.event_timestamps[0].ToDatetime(UTC) >= before.replace(microsecond=0)
        if repo.ours:
            assert list(found.statuses) == [FieldStatus.PRESENT, FieldStatus.NOT_FOUND]


def test_one_row_at_a_time(beside):
    answers = []
    for repo in beside():
        repo.put(x=[10, 20])
        repo.apply(x=Int64)
        view = twice(repo, "python", function=by_row)
        repo.feast.apply([view])
        answers.append(outcome(lambda r=repo: (r.write("twice", user_id=[1], x=[5]), asked(r))[1]))
    assert answers[0] == answers[1]


def test_without_entities_there_is_no_row_to_write(beside):
    """Feast's stores say so with a ValueError."""
    for repo in beside():
        repo.put(x=[10, 20])
        repo.apply(x=Int64)
        source = RequestSource(name="request", schema=[Field(name="x", dtype=Int64)])
        repo.feast.apply([twice(repo, "python", entities=(), sources=[source])])
        with pytest.raises(StoreError if repo.ours else ValueError, match=r"has null as|not supported"):
            repo.feast.write_to_online_store("twice", pd.DataFrame({"x": [4]}))
        answer = repo.feast.get_online_features(["twice:double"], [{"x": 4}])
        assert answer.to_dict()["double"] == [None]


def test_one_that_is_not_written_is_computed_as_before(beside):
    answers = []
    for repo in beside():
        applied(repo, "python", write=False).materialize()
        answers.append(asked(repo, (1, 2)))
    assert answers[0] == answers[1] == {"double": [20, 40], "words": [["10", "é"], ["20", "é"]]}


def test_it_is_removed_with_its_rows(beside):
    """Where a store is told: Feast itself does not name on-demand views that are deleted to any store."""
    _, repo = beside()
    applied(repo, "python").materialize()
    view = repo.feast.get_on_demand_feature_view("twice")
    repo.online.update(repo.feast.config, [view], [repo.view], [], [], partial=False)
    assert repo.online.describe(repo.feast.config, view) is None
    repo.feast.apply([view])
    assert asked(repo)["double"] == [None] * 3


def test_its_arrays(beside):
    _, repo = beside()
    applied(repo, "python").materialize()
    view = repo.feast.get_on_demand_feature_view("twice")
    rows = repo.online.read_arrays(repo.feast.config, view, [2, 9])
    assert rows.found.tolist() == [True, False]
    assert rows.arrays["double"].to_pylist() == [40, None]
    assert rows.arrays["words"].to_pylist() == [["20", "é"], None]


def test_changed_types_and_features(beside):
    answers = []
    for repo in beside():
        applied(repo, "python").materialize()
        view = twice(repo, "python")
        view.features = [Field(name="double", dtype=Float64), Field(name="half", dtype=Int64)]
        view.projection.features = view.features
        view.entity_columns = repo.feast.get_on_demand_feature_view("twice").entity_columns
        answers.append(
            [
                repo.online.online_read(repo.feast.config, view, keys(), [name])[0][1].get(name, Value())
                for name in ("double", "half")
            ]
        )
    assert answers[0] == answers[1]


def keys():
    from embedding_features.testing.online_store.rows import entity_key

    return [entity_key(1, names=("user_id",))]


def test_a_window_that_ends_before_its_rows(beside):
    answers = []
    for repo in beside():
        applied(repo, "python")
        repo.materialize(NOW - 3 * HOUR, NOW - 2 * HOUR)
        answers.append(asked(repo))
    assert answers[0] == answers[1]
