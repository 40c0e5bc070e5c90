"""Sphinx settings: the pages are Markdown, read by MyST. ``make docs`` builds docs/_build/html."""

project = "embedding-features"
extensions = ["myst_parser"]
html_theme = "alabaster"
exclude_patterns = ["_build"]
