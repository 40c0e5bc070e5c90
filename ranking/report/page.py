"""A report's page: one HTML file that asks for nothing, escaped, with a policy that holds it to that."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ranking.ablation.result import Verdict

_MARKS: dict[Verdict | None, str] = {"better": "▲", "worse": "▼", "no difference": "○", None: ""}
_STYLES = ("report.css", "tables.css", "figures.css", "lists.css", "print.css")


def when(moment: datetime) -> str:
    """Return a moment as ``2026-03-01 12:30 UTC``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def fixed(value: float, digits: int) -> str:
    """Return a number with so many decimals and a true minus sign; what rounds to nothing has no sign."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def percent(share: float, digits: int = 1) -> str:
    """Return a share as ``12.3 %``."""
    return f"{fixed(100 * share, digits)} %"


def render_page(
    template: str,
    values: Mapping[str, Any],
    filters: Mapping[str, Callable[..., Any]] | None = None,
    script: str = "",
) -> str:
    """Return a template of this folder, filled in, as a page.

    Args:
        template: name of the template.
        values: what the template names; strings are escaped, ``Markup`` is not.
        filters: filters of this template alone, beside those of every page.
        script: the one script that the page may run; by default it may run none.
    """
    environment = Environment(
        loader=PackageLoader("ranking", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "when": when,
        "thousands": lambda value: f"{value:,}",
        "fixed": fixed,
        "mark": lambda verdict: _MARKS[verdict],
        "percent": percent,
        **(filters or {}),
    }
    page = {"css": Markup(_css()), "policy": policy(script), "script": Markup(script)}
    return environment.get_template(template).render(page | dict(values))


def policy(script: str = "") -> str:
    """Return the Content-Security-Policy: nothing is loaded, sent or run but ``script``, by its hash."""
    rules = ["default-src 'none'", "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'"]
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        rules.append(f"script-src 'sha256-{digest}'")
    return "; ".join(rules)


def _css() -> str:
    folder = resources.files("ranking.report")
    return "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _STYLES)
