"""The report in a real browser: it fits, it is quiet, and it can be read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from bursar.web.report import render_report
from tests.unit.web.sample_estate import estate_report

# WCAG's contrast of every text against the nearest ground that is painted behind it
CONTRASTS = """() => {
  const rgb = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const worst = {};
  for (const e of document.querySelectorAll('main *, footer *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.tagName === 'title' || e.tagName === 'desc') continue;
    const svg = e.namespaceURI.endsWith('svg');
    const style = getComputedStyle(e);
    const levels = [light(rgb(svg ? style.fill : style.color)), light(ground(e))];
    const [a, b] = levels.sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const name = e.tagName + '.' + (e.getAttribute('class') || '');
    worst[name] = Math.min(ratio, worst[name] ?? 99);
  }
  return worst;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(estate_report()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(
    scope="module",
    params=[(360, "light"), (360, "dark"), (1400, "light"), (1400, "dark")],
    ids=str,
)
def page(request, browser: Browser, address: str) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened = context.new_page()
    opened.said = []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.asked = []
    opened.on("request", lambda asked: opened.asked.append(asked.url))
    opened.goto(address)
    yield opened
    context.close()


def test_it_is_quiet_on_the_console_and_asks_for_nothing_else(page: Page, address: str) -> None:
    assert page.said == []
    assert [url for url in page.asked if not url.startswith("data:")] == [address]


def test_the_page_never_scrolls_sideways(page: Page) -> None:
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_one_daily_chart_is_visible_and_has_its_bars(page: Page) -> None:
    shown = [svg for svg in page.locator("svg.daily").all() if svg.is_visible()]
    assert len(shown) == 1
    box = shown[0].bounding_box()
    assert box is not None
    assert box["width"] > 300
    assert box["height"] > 150
    assert shown[0].locator("g.day").count() == 59
    assert shown[0].locator("rect.gap").count() == 2


def test_labels_of_the_daily_chart_do_not_overlap(page: Page) -> None:
    [shown] = [svg for svg in page.locator("svg.daily").all() if svg.is_visible()]
    boxes = [label.bounding_box() for label in shown.locator("text").all()]
    dates = sorted((box for box in boxes if box["width"] > 40), key=lambda box: box["x"])
    assert len(dates) >= 2
    for left, right in pairwise(dates):
        assert left["x"] + left["width"] < right["x"]


def test_charts_and_regions_have_names_to_be_read_aloud(page: Page) -> None:
    chart = page.get_by_role("img", name="Cost a day, stacked by part")
    assert chart.count() == 1
    assert page.get_by_role("img", name="Budget research: limit $28,000.00").is_visible()
    assert page.get_by_role("region", name="The month by cluster").is_visible()
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("table", name="By namespace").is_visible()


def test_every_text_stands_out_from_its_ground(page: Page) -> None:
    worst = page.evaluate(CONTRASTS)
    assert len(worst) > 20
    assert {name: ratio for name, ratio in worst.items() if ratio < 4.5} == {}


def test_it_can_be_printed(page: Page, tmp_path: Path) -> None:
    page.emulate_media(media="print")
    assert page.locator("details").first.is_hidden()
    page.screenshot(path=tmp_path / "printed.png", full_page=True)
    page.emulate_media(media="screen")
    assert (tmp_path / "printed.png").stat().st_size > 10_000
