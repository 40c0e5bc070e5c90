"""Closed forms that read attributes of the view's nodes as well."""

from typing import Literal

from embedding_features.graph.attributed import Attributed
from embedding_features.methods.base import ClosedForm


class AttributedClosedForm(ClosedForm):
    """View of the graph with attributes of its nodes · solver."""

    kind: Literal["attributed_closed_form"] = "attributed_closed_form"  # type: ignore[assignment]
    view: Attributed
