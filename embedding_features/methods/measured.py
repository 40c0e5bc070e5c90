"""What the catalogue of benchmarks measured of this library's methods; the file comes with the package."""

import json
from pathlib import Path
from typing import Any

#: method → figures; written by ``python -m benchmarks.catalogue --markdown``
PATH = Path(__file__).with_name("measured.json")


def measured(method: str) -> list[dict[str, Any]]:
    """Return what a method was measured at: data, metric, mean and spread over seeds, how many, and settings.

    Args:
        method: registered name; one that was not measured, such as a third party's, has no figures.

    Example:
        >>> measured("of_a_third_party")
        []
    """
    found: dict[str, list[dict[str, Any]]] = json.loads(PATH.read_text(encoding="utf-8"))
    return found.get(method, [])
