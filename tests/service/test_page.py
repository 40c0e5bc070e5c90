"""docs/howto/service.md says what is true."""

import re

import yaml

from ranking.service.app import make_app
from ranking.service.auth_settings import OIDCAuth
from ranking.service.authenticator import make_authenticator
from ranking.service.settings import Settings, load_settings
from ranking.service.tokens import Tokens
from tests.paths import ROOT

PAGE = (ROOT / "docs/howto/service.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_every_setting_is_on_the_page_with_its_default(tmp_path):
    (tmp_path / "service.yaml").write_text(BLOCKS[0])
    found, default = load_settings(tmp_path / "service.yaml"), Settings()
    shown = yaml.safe_load(BLOCKS[0])
    assert shown.keys() == Settings.model_fields.keys()
    for part in ("limits", "store", "recall"):
        assert shown[part].keys() == type(getattr(default, part)).model_fields.keys()
    assert (found.limits, found.store) == (default.limits, default.store)
    assert found.recall.model_copy(update={"domains": {}}) == default.recall
    for name in ("user_key", "item_key", "public_metrics", "scoring_threads"):
        assert getattr(found, name) == getattr(default, name)
    assert found.popular == tmp_path / "popular.parquet"


def test_the_other_blocks_are_settings_too():
    Tokens.model_validate({"tokens": yaml.safe_load(BLOCKS[1])})
    oidc = yaml.safe_load(BLOCKS[2])["auth"]
    assert oidc.keys() == OIDCAuth.model_fields.keys()
    needed = {name: oidc[name] for name in ("kind", "issuer", "audience", "jwks")}
    assert OIDCAuth.model_validate(oidc) == OIDCAuth.model_validate(needed)


def test_every_route_status_and_metric_is_on_the_page(served):
    routes = make_app(served.service, make_authenticator(served.settings.auth)).openapi()["paths"]
    for path, methods in routes.items():
        for method, told in methods.items():
            assert f"| `{method.upper()} {path}` |" in PAGE
            statuses = re.findall(r"^\| (\d+(?:, \d+)*) \|", PAGE, re.MULTILINE)
            assert set(told["responses"]) <= set(", ".join(statuses).split(", "))
    served.get("/health")
    names = re.findall(
        r"^embedding_features_(\w+?)(?:_bucket|_sum|_count)?[{ ]", served.get("/metrics").text, re.M
    )
    assert names
    assert all(f"`{name}`" in PAGE for name in names)
