"""A page of a file, and all that a browser says and asks for while it is open."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page


@contextmanager
def opened(browser: Browser, path: Path, width: int = 1440, **context: Any) -> Iterator[Page]:
    """The page, in a window of its own; ``context`` as playwright's ``new_context`` takes it.

    Raises:
        AssertionError: when closing, for a message on the console, an error, a dialog, or a further request.
    """
    window = browser.new_context(viewport={"width": width, "height": 900}, **context)
    page = window.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: said.append(f"request: {request.url}"))
    page.goto(path.as_uri())
    yield page
    page.wait_for_timeout(50)
    assert said == [f"request: {path.as_uri()}"]
    window.close()
