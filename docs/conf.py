"""Sphinx settings: pages are Markdown, read by MyST; the API reference is made from the docstrings.

``make docs`` builds docs/_build/html.
"""

import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))
sys.path.insert(0, str(DOCS.parent))  # the packages of this checkout, wherever another may be installed

from api_pages import write_api_pages  # noqa: E402

project = "embedding-features"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1200px", "sidebar_width": "280px", "fixed_sidebar": True}
exclude_patterns = ["_build"]
# a short reference such as :func:`.make` may mean one of several functions: the first of them is linked
suppress_warnings = ["ref.python"]
add_module_names = False
python_maximum_signature_line_length = 88
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # "Attributes:" is a list in the class; pydantic's fields are described beside it

myst_heading_anchors = 3

write_api_pages(DOCS / "api")


#: how autodoc writes our array types → their names in embedding_features.arrays
ARRAY = re.compile(
    r"(?:~?numpy\.)?ndarray\[tuple\[~?(?:typing\.)?Any, \.\.\.\], ~?(?:numpy\.)?dtype\[([^\[\]]+)\]\]"
)
ARRAYS = {
    "float32": "F32",
    "float64": "F64",
    "int32": "I32",
    "int64": "I64",
    "bool": "Bool",
    "Any": "AnyArray",
}


def escape_bars(*event: Any) -> None:
    """Keep |x| of formulas as it is, which reStructuredText would take for a substitution."""
    lines: list[str] = event[-1]
    pieces = re.split("(``.*?``)", "\n".join(lines), flags=re.DOTALL)
    pieces[::2] = [piece.replace("|", "\\|") for piece in pieces[::2]]
    lines[:] = "".join(pieces).split("\n")


def name_arrays(*event: Any) -> tuple[str | None, str | None]:
    """Write array types in signatures as the code does: F32, not ndarray[tuple[Any, ...], dtype[float32]]."""
    arguments, returned = (ARRAY.sub(_named, part) if part else part for part in event[-2:])
    return arguments, returned


def _named(found: re.Match[str]) -> str:
    return ARRAYS.get(found[1].rpartition(".")[2], found[0])


def setup(app: Any) -> None:
    """Connect what works on docstrings and signatures."""
    app.connect("autodoc-process-docstring", escape_bars)
    app.connect("autodoc-process-signature", name_arrays)
