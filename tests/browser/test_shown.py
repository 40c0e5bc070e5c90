"""That what a report shows is what was measured."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import HOSTILE
from tests.browser.made_ablation import made_ablation
from tests.browser.watched import opened


def test_ablation_shows_its_verdicts(browser: Browser, reports: dict[str, Path]) -> None:
    ablation = made_ablation(HOSTILE)
    primary = [cell for cell in ablation.cells if cell.metric == "auc"]
    with opened(browser, reports["ablation"]) as page:
        expect(page.locator(".headline")).to_have_text(ablation.findings[0])
        glance = page.locator(".glance tbody")
        compared = {cell.variant for cell in primary if cell.verdict}
        assert glance.locator("tr").count() == len(compared) == 12
        for verdict in ("better", "worse"):
            count = sum(cell.verdict == verdict for cell in primary)
            assert glance.locator(f"td.tint.{verdict}").count() == count > 0
        rows = page.locator("#ranker-1 tbody tr")
        assert rows.count() == 13 + 13 + len(ablation.slices)
        assert page.locator("#costs tbody tr").count() == len(ablation.costs)
        assert page.locator("#importance tbody tr").count() == 2 * (15 + 7)
        assert page.locator("#recall tbody tr").count() == 2 * len(ablation.recall)
        assert page.locator("#recall td", has_text="too few users").count() == len(ablation.recall)
        assert page.locator("svg").count() == 4 + 4


def test_search_finds_an_item_and_links_lead_on(browser: Browser, reports: dict[str, Path]) -> None:
    """Typing narrows the list; a neighbour's link clears the search and opens that neighbour."""
    with opened(browser, reports["snapshot"], 390) as page:
        box, items = page.get_by_label("Find item by title or id"), page.locator("#list-1 > details:visible")
        assert items.count() == 30
        box.fill("GREEN film no. 2 ")
        assert items.count() == 1
        expect(page.locator(".find output").nth(1)).to_have_text("1 of 30")
        items.locator("summary").click()
        link = items.locator("a").first
        target = link.text_content()
        link.click()
        expect(items).to_have_count(30)  # the page follows the link in an event of its own
        expect(box).to_have_value("")
        opened_now = page.locator("#list-1 > details[open] > summary")
        expect(opened_now).to_have_count(2)
        assert any((target or "?") in text for text in opened_now.all_text_contents())
        box.fill("nothing like it")
        assert items.count() == 0


def test_snapshot_works_without_script(browser: Browser, reports: dict[str, Path]) -> None:
    """The list and its links are plain HTML; there is no box that would do nothing."""
    with opened(browser, reports["snapshot"], java_script_enabled=False) as page:
        expect(page.locator(".find").first).to_be_hidden()
        page.locator("#list-1 summary").first.click()
        expect(page.locator("#list-1 ol").first).to_be_visible()
        assert page.locator("#list-1 ol").first.locator("li").count() == 5


def test_snapshot_shows_every_node(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["snapshot"]) as page:
        assert page.locator("#node-0 circle").count() == 16
        assert page.locator("#node-1 circle").count() == 30
        assert page.locator("#health tbody tr").count() == 14
        assert page.locator("#drift tbody tr").count() == 2
        assert page.locator("#fresh tbody tr").count() == 4
        assert page.locator("#codebooks tbody tr").count() == 6
        expect(page.locator(".headline")).to_contain_text("Healthy; median cosine to the last snapshot")
