"""The OpenAPI schema is true: made-up requests get answers that keep to it, and none breaks the service."""

import copy

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.running import Running

TOKEN = "a-token-for-schemathesis"
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection,
]  # fmt: skip


@pytest.fixture(scope="module")
def running(world, tmp_path_factory):
    path = tmp_path_factory.mktemp("tokens") / "tokens.yaml"
    path.write_text(f"- {{name: fuzz, token: {TOKEN}, scopes: [serve, reload]}}\n")
    with Running(world, "lightgbm", auth={"kind": "tokens", "file": path}) as running:
        running.secrets.append(TOKEN)
        yield running


def narrowed(schema):
    """Node types and events that there are: next to no made-up text or moment is one."""
    schema = copy.deepcopy(schema)
    event = {"item": 1, "value": 1.0, "at": "2026-01-01T00:00:00Z"}
    for path in ("/rank", "/recommend"):
        body = schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        body["properties"]["events"] = {"enum": [None, [], [event]]}
    body = schema["paths"]["/recall"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for name in ("node_type", "by"):
        body["properties"][name] = {"enum": ["user", "item"]}
    return schema


@pytest.mark.parametrize(
    ("route", "mode"),
    [
        *((f"POST /{name}", mode) for name in ("rank", "recall", "recommend") for mode in GenerationMode),
        *((route, GenerationMode.POSITIVE) for route in ("POST /reload", "GET /health", "GET /metrics")),
    ],
)
def test_made_up_requests_get_answers_that_keep_to_the_schema(running, route, mode):
    method, path = route.split()
    operation = schemathesis.openapi.from_dict(narrowed(running.app.openapi()))[path][method]
    answered = set()

    @settings(
        max_examples=60, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(mode))
    def ask(case):
        how = case.as_transport_kwargs(headers={"Authorization": f"Bearer {TOKEN}"})
        request = running.http.build_request(
            method, path, headers=dict(how["headers"]), json=how.get("json"), content=how.get("data")
        )
        answer = running.look(running.run(running.http.send(request)))
        case.validate_response(answer, checks=CHECKS)
        answered.add(answer.status_code)

    ask()
    if mode == GenerationMode.NEGATIVE:  # it leaves out the token too, and adds to the query
        assert 422 in answered <= {200, 401, 422}
    else:
        assert 200 in answered <= {200, 422}
