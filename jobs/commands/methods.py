"""``methods``: lists what can be pretrained, and with which settings."""

from typing import Annotated, Any

import typer

from jobs.options import JsonOption, epilog, run_job

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
        "parameters": parameters,
        "measured": info.measured,
    }
