"""Methods: each a short function that returns a frozen composition, ready to ``fit``."""

from embedding_features.methods.base import ClosedForm, Method
from embedding_features.methods.registry import MethodInfo, describe, get_method, make, method, methods

__all__ = ["ClosedForm", "Method", "MethodInfo", "describe", "get_method", "make", "method", "methods"]
