"""What a person meets in a browser: silence, a page that fits, keyboard, contrast, print."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import REPORTS
from tests.browser.probes import CUT, LEAST_CONTRAST, NUMBER_STOPS, OVERFLOWING, SMALLEST, STOP
from tests.browser.watched import opened

pytestmark = pytest.mark.parametrize("report", REPORTS)


@pytest.mark.parametrize("width", [390, 1440])
def test_fits_the_window(browser: Browser, reports: dict[str, Path], report: str, width: int) -> None:
    """The page itself never scrolls sideways, only its tables do; no text is below 12 pixels."""
    with opened(browser, reports[report], width) as page:
        html = "document.documentElement"
        assert page.evaluate(f"{html}.scrollWidth") <= page.evaluate(f"{html}.clientWidth") == width
        assert page.evaluate(OVERFLOWING) == []
        size, text = page.evaluate(SMALLEST)
        assert size >= 12, text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers(browser: Browser, reports: dict[str, Path], report: str, scheme: str) -> None:
    """axe-core: names, roles, contrast."""
    with opened(browser, reports[report], 1440, color_scheme=scheme) as page:
        open_all(page)
        found = Axe().run(page, options={"resultTypes": ["violations", "incomplete"]})
        assert found.violations_count == 0, found.generate_report()
        assert {rule["id"] for rule in found.response["incomplete"]} <= {"color-contrast"}
        contrast, text = page.evaluate(LEAST_CONTRAST)
        assert contrast >= 4.5, text


def open_all(page: Page) -> None:
    """Open a few entries of each list, so that what is in them is looked at as well."""
    page.evaluate(
        "document.querySelectorAll('.list details:nth-child(-n+3)').forEach((e) => { e.open = true; })"
    )


def test_the_keyboard_reaches_everything(browser: Browser, reports: dict[str, Path], report: str) -> None:
    """Tab comes to each link, control and scrolling region once, and shows where it is."""
    with opened(browser, reports[report], 390) as page:
        wanted, met = page.evaluate(NUMBER_STOPS), []
        page.keyboard.press("Tab")
        while (stop := page.evaluate(STOP))[0] is not None:
            assert stop[1], page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
            met.append(stop[0])
            page.keyboard.press("Tab")
        assert met == wanted
        assert len(met) > 10


def test_prints_whole(browser: Browser, reports: dict[str, Path], report: str) -> None:
    """On A4 no table is cut off, and paper is white for readers of dark screens too."""
    with opened(browser, reports[report], 1032, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.evaluate(CUT) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 1032
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_policy_holds(browser: Browser, reports: dict[str, Path], report: str, tmp_path: Path) -> None:
    """Even a script and an image that slipped into the file: neither runs, neither is asked for."""
    html = reports[report].read_text()
    slipped = (
        "<script>document.title = 'owned'</script><img src='http://127.0.0.1:9/x.png' onerror='alert(1)'>"
    )
    path = tmp_path / "slipped.html"
    path.write_text(html.replace("</header>", f"{slipped}</header>"))
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(path.as_uri())
    page.wait_for_timeout(50)
    assert page.title() != "owned"
    assert len(refused) >= 2
    assert all("Content Security Policy" in message for message in refused)
    page.close()
