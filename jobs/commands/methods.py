"""``methods``: lists what can be pretrained, and with which settings."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from jobs.options import JsonOption, epilog, run_job

if TYPE_CHECKING:
    from embedding_features.methods import MethodInfo

EPILOG = epilog("embedding-features methods lightgcn")


def command(
    name: Annotated[str | None, typer.Argument(help="One method, with its parameters and defaults.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the pretraining methods, or show one."""
    run_job(lambda _: {"methods": method_rows()} if name is None else method_details(name), as_json)


def method_rows() -> list[dict[str, Any]]:
    """Return a row a method."""
    from embedding_features.methods import describe

    return [{key: row[key] for key in ("name", "family", "paper", "weights")} for row in describe()]


def method_details(name: str) -> dict[str, Any]:
    """Return one method and its parameters.

    Raises:
        ConfigError: when there is no such method.
    """
    from embedding_features.methods import get_method

    info = get_method(name)
    tunable = {key: str(space) for key, space in info.tunable.items()}
    parameters = [
        {"parameter": key, "default": str(value), "tunable": tunable.get(key)}
        for key, value in info.parameters.items()
    ]
    return {
        "name": info.name,
        "family": info.family,
        "paper": info.paper,
        "exports": info.exports,
        "metric": info.make().metric,
        "weights": info.weights,
        "needs": info.needs,
        "inductive": info.inductive,
        "pipeline": pipeline_example(info),
        "parameters": parameters,
        "measured": info.measured,
    }


def pipeline_example(info: "MethodInfo") -> str:
    """Return the section of a pipeline by which a method runs on users, items and their behaviours."""
    params: dict[str, Any] = {}
    if "metapath" in info.parameters:
        params = {"metapath": ["viewed", "~viewed", "bought", "~bought"]}
    elif "relations" in info.parameters:
        params = {"relations": ["bought", "viewed"]}
    elif "relation" in info.parameters:
        params = {"relation": "bought"}
    if "attributes" in info.parameters:
        params["attributes"] = ["has_brand"]
    return (
        "pretrain: "
        + yaml.safe_dump({"method": info.name, "params": params}, default_flow_style=True, width=200).strip()
    )
