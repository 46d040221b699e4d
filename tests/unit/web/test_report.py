"""The report's page: whole, self-contained, escaped, and true to the report."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from bursar.adapters.alert_texts import body
from bursar.domain.alerts import Alert, OutboxRow, Severity
from bursar.domain.cost_report import CostReport, build_report, settle
from bursar.domain.figures import Projection
from bursar.domain.money import Money
from bursar.web import charts, wording
from bursar.web.report import render_report
from tests.unit.web.sample_estate import HOSTILE, NOW, estate_report

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """What a browser would make of it, and whether every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.errors: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.errors.append(f"</{tag}> closes {self.open[-1:]} at {self.getpos()}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def report() -> CostReport:
    return estate_report()


@pytest.fixture(scope="module")
def html(report) -> str:
    return render_report(report)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def test_every_tag_is_closed_in_its_turn(page) -> None:
    assert page.errors == []
    assert page.open == []


def test_ids_are_unique_and_every_reference_is_to_one(page, html) -> None:
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = " ".join(attrs.get("aria-labelledby") or "" for _, attrs in page.tags).split()
    assert set(named) | set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)


def test_the_page_asks_nothing_of_any_other_machine(page, html) -> None:
    for tag, attrs in page.tags:
        assert tag not in {"script", "iframe", "img", "object", "embed"}
        assert "src" not in attrs
        assert not any(name.startswith("on") for name in attrs)
        if tag == "link":
            assert attrs["href"] == "data:,"
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_the_only_links_are_those_that_alerts_and_budgets_name(page, report) -> None:
    given = {row.alert.link for row in report.alerts} | {line.link for line in report.budgets}
    links = {attrs["href"] for tag, attrs in page.tags if tag == "a"}
    assert links == given - {None}


def test_hostile_names_are_shown_and_never_run(html, page) -> None:
    assert HOSTILE not in html
    assert HOSTILE in page.text


def test_a_link_that_is_not_of_the_web_stays_text() -> None:
    alert = Alert(
        id="BR-1",
        kind="budget.threshold",
        severity=Severity.WARNING,
        title='"><img src=x onerror=alert(1)>',
        comparison="",
        since=None,
        data_as_of=None,
        owner="platform",
        action="Look.",
        link="javascript:alert(1)",
        policy="p",
        mute="m",
        raised_at=NOW,
    )
    rows = [OutboxRow(alert=alert, due_at=NOW)]
    page = Page(render_report(build_report("acme", NOW, {}, alerts=rows)))
    assert not [tag for tag, _ in page.tags if tag in {"a", "img"}]
    assert page.errors == []


def test_the_first_lines_say_what_it_cost_what_it_will_come_to_and_the_budget(
    page, report
) -> None:
    assert report.limit is not None
    cost = f"November 2026 has cost at least {report.total} so far."
    outlook = f"At this run rate it will come to {report.projected}"
    assert cost in page.text
    assert outlook in page.text
    assert f"over the budgets of {report.limit.limit}" in page.text
    order = [cost, outlook, "What needs attention", "Where the money goes", "What was idle"]
    order += ["Budgets The worst", "How well this is known"]
    places = [page.text.index(words) for words in order]
    assert places == sorted(places)


def test_a_forecast_stands_with_its_interval_in_place_of_the_run_rate(report) -> None:
    amounts = (Money.of(900_000), Money.of(800_000), Money.of(1_000_000))
    low, high = amounts[1:]
    projection = Projection(amounts[0], "forecast of 2026-11-19", low, high)
    text = Page(render_report(report.model_copy(update={"foreseen": projection}))).text
    between = "80% between $800,000.00 and $1,000,000.00"
    assert f"It is foreseen (forecast of 2026-11-19, {between}) to come to $900,000.00" in text
    assert f"Forecast to 2026-11-30 $900,000.00 {between} · forecast of 2026-11-19" in text
    assert f"{report.projected} at the run rate" in text


def test_every_alert_stands_there_in_full(page, report) -> None:
    assert len(report.alerts) >= 3
    for row in report.alerts:
        for line in body(row.alert).splitlines():
            assert " ".join(line.split()) in page.text


def test_the_parts_on_the_page_add_up_to_its_total(page, report) -> None:
    statement = settle([(each.cluster, each.parts) for each in report.clusters])
    assert sum(statement.of(part) for part in statement.shown) == statement.total
    assert wording.addition(report) in page.text
    shown = re.findall(r"\$([\d,]+\.\d\d)", wording.addition(report))
    *parts, total = (Money.of(amount.replace(",", "")) for amount in shown)
    assert Money.sum(parts) == total == Money.of(statement.total)


def amounts_of(html: str, caption: str) -> list[list[Decimal]]:
    """The dollars of each row of a table."""
    [table] = re.findall(rf"<caption>{caption}.*?</table>", html, re.DOTALL)
    rows = (re.findall(r">\$([\d,]+\.\d\d)<", row) for row in table.split("<tr")[1:])
    return [[Decimal(usd.replace(",", "")) for usd in row] for row in rows if row]


def test_rows_and_columns_of_tables_are_the_sums_they_show(report) -> None:
    """Also with thirds of a cent, which are rounded down each by itself."""
    third = Money.of("0.003333333333")

    def more(of, *names: str):
        return of.model_copy(update={name: getattr(of, name) + third for name in names})

    days = [
        day.model_copy(update={"parts": more(day.parts, "allocated", "idle", "shared")})
        for day in report.days
        if day.parts
    ]
    top = tuple(more(line, "gpu", "cpu", "memory") for line in report.namespaces.top)
    changed = {
        "days": tuple(days),
        "namespaces": report.namespaces.model_copy(update={"top": top}),
        "clusters": tuple(more(each, "projected") for each in report.clusters),
    }
    html = render_report(report.model_copy(update=changed))
    assert len(amounts_of(html, "Cost a day")) == len(days)
    for *parts, total in amounts_of(html, "Cost a day"):
        assert sum(parts) == total
    for ranking in ("By namespace", "By model"):
        *rows, whole = amounts_of(html, ranking)
        assert [sum(column) for column in zip(*rows, strict=True)] == whole
    *_, (run_rate, *rates) = amounts_of(html, "The month by cluster")
    assert run_rate == sum(rates)
    *rows, whole = amounts_of(html, "Compute by cluster")
    assert [sum(column) for column in zip(*rows, strict=True)] == whole


def test_headings_are_in_order_and_tables_have_captions(page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    counts = [sum(tag == wanted for tag, _ in page.tags) for wanted in ("table", "caption")]
    assert counts[0] == counts[1] > 5


def test_every_chart_has_a_name_or_is_hidden_from_readers(page) -> None:
    charts_ = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(charts_) > 20
    for attrs in charts_:
        named = attrs.get("aria-label") or attrs.get("aria-labelledby")
        assert attrs.get("aria-hidden") == "true" or (attrs.get("role") == "img" and named)


def test_an_unseen_day_is_hatched_and_has_no_bar(report) -> None:
    month = (report.starts_at.date(), report.ends_at.date())
    drawn = Page(str(charts.daily_chart(report.days, month, None, charts.WIDE, "x")))
    assert (
        "2026-11-08: unknown. Nothing was seen; this is a gap, not a cost of zero." in drawn.text
    )
    assert "2026-11-13: partly known. 15.0 h unknown in research." in drawn.text
    groups = [attrs for tag, attrs in drawn.tags if tag == "g"]
    gaps = [attrs for _, attrs in drawn.tags if attrs.get("class") == "gap"]
    assert (len(groups), len(gaps)) == (59, 2)  # 60 days and one of them has no bar


def test_a_report_of_nothing_says_unknown_and_no_amount() -> None:
    nothing = build_report("acme", NOW, {"prod": []})
    page = Page(render_report(nothing))
    assert "What November 2026 has cost is unknown." in page.text
    assert "$0.00" not in page.text.split("Where the money goes")[0]
    assert page.errors == []


@pytest.mark.parametrize("at", [datetime(2026, 11, 1, 0, 5, tzinfo=UTC), NOW])
def test_an_estate_without_clusters_still_has_a_page(at) -> None:
    page = Page(render_report(build_report("acme", at, {})))
    assert page.errors == []
    assert "No budget is set." in page.text
