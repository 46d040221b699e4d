"""The pages in a real browser, on the real template: people ask, sign, are late, or kept out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import axe
from tests.browser.served_guard import ServedGuard, config, served_guard

MARKUP = "<img src=x onerror=\"window.taken='img'\"><script>window.taken='script'</script>"
LONG = "a-name-without-any-end-" * 6
_PATIENCE_MS = 30_000  # others may use this machine, too
expect.set_options(timeout=_PATIENCE_MS)


@pytest.fixture(scope="module")
def guard(
    browser: Browser, synthesize: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedGuard]:
    directory: Path = tmp_path_factory.mktemp("pages")
    (directory / "bursar.yaml").write_text(yaml.safe_dump(config()))
    done = synthesize(directory / "bursar.yaml", directory / "assembly", "--disposable")
    assert done.returncode == 0, done.stderr
    with served_guard(directory / "assembly", directory) as served:
        yield served


class Desk:
    """One browser, whose tabs share what is cached and nothing that says who somebody is."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self._url = context, url
        self.said: list[str] = []
        context.on("console", lambda message: self.said.append(message.text))
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        context.set_default_timeout(_PATIENCE_MS)

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.goto(self._url + path)
        return page

    def go(self, page: Page, path: str) -> None:
        """To another page, as whoever has signed in."""
        page.goto(self._url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    def open_as(self, who: str, path: str) -> Page:
        page = self.open(path)
        sign_in(page, who)
        return page

    @property
    def complaints(self) -> list[str]:
        """What the console said, but for answers that the API gave on purpose."""
        return [text for text in self.said if not text.startswith("Failed to load resource")]


def sign_in(page: Page, who: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=f"{who}@example.com", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.fixture(scope="module")
def shared_desk(browser: Browser, guard: ServedGuard) -> Iterator[Desk]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield Desk(context, guard.url)
    context.close()


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    yield shared_desk
    for page in shared_desk.context.pages:
        page.close()
    said = shared_desk.complaints
    shared_desk.said.clear()
    assert said == []


def decide(page: Page, verb: str, comment: str = "") -> None:
    if comment:
        page.get_by_label("Comment").fill(comment)
    page.get_by_role("button", name=re.compile(f"^{verb}")).click()


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", name=text, level=2)).to_be_visible()


def test_three_people_sign_what_was_asked_for_in_the_browser(
    desk: Desk, guard: ServedGuard
) -> None:
    form = desk.open_as("requester", "/exceptions/new")
    kinds, names = form.get_by_label("Kind"), form.get_by_label("Name", exact=True)
    names.nth(0).fill("training")
    names.nth(1).fill("research")
    assert [kinds.nth(n).input_value() for n in (0, 1)] == ["cluster", "namespace"]
    form.get_by_label("Amount in USD").fill("120,000")
    signers = "$120,000.00 is signed by: engineering manager, then director, then vp."
    expect(form.get_by_text(signers)).to_be_visible()
    form.get_by_label("What is it for?").fill("fine-tuning")
    form.get_by_label("Why is it needed?").fill("the old model is wrong too often")
    form.get_by_label("What happens with it").fill("launch in March")
    form.get_by_role("button", name="Ask for an approval").click()
    heading(form, "It is asked for")
    expect(form.get_by_text("You asked for this, so other people decide on it.")).to_be_visible()

    for who, then in (
        ("manager", "Next, director is asked."),
        ("director", "Next, vp is asked."),
        ("vp", "Everybody has signed: the amount may be spent."),
    ):
        page = desk.open_as(who, "/approvals")
        page.get_by_role("link", name="fine-tuning").click()
        expect(page.get_by_text("$6,412.75 of $9,000.00 spent")).to_be_visible()
        expect(
            page.get_by_text(
                "raises research-runs (cluster=training,namespace=research), $50,000.00"
            )
        ).to_be_visible()
        decide(page, "Approve", f"{who} agrees")
        heading(page, "You have approved it")
        expect(page.locator(".notice").get_by_text(then)).to_be_visible()

    form.reload()
    expect(form.locator("header.request .status")).to_have_text("approved")
    expect(form.get_by_text("Left of it")).to_be_visible()
    assert form.locator("blockquote").all_text_contents() == [
        f"{who} agrees" for who in ("manager", "director", "vp")
    ]
    _, budgets = guard.call("gateway", "GET /v1/budgets")
    limits = {each["id"]: each["limit_usd"] for each in budgets}
    assert limits["research-runs"] == "170000"  # 50,000 and the 120,000 that were signed
    raised = form.locator("article", has_text="research-runs").locator(".facts")
    expect(raised).to_contain_text("$170,000.00")
    refusing = form.get_by_role("listitem").filter(has_text="is not raised and still warns")
    expect(refusing.first).to_contain_text("training (cluster=training)")


def test_one_no_ends_it_and_says_why(desk: Desk, guard: ServedGuard) -> None:
    id_ = guard.ask("1000")
    page = desk.open_as("manager2", f"/exceptions/{id_}")
    decide(page, "Deny", "use the smaller model")
    heading(page, "You have denied it")
    expect(page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
    asker = desk.open_as("requester", f"/exceptions/{id_}")
    expect(asker.locator("header.request .status")).to_have_text("denied")
    expect(asker.get_by_text("use the smaller model")).to_be_visible()


def test_whoever_reads_until_it_is_too_late_is_told_so(desk: Desk, guard: ServedGuard) -> None:
    id_ = guard.ask("2000")
    page = desk.open_as("manager", f"/exceptions/{id_}")
    guard.advance(hours=72)
    decide(page, "Approve")
    heading(page, "The time to answer is over: your answer was not recorded")
    expect(page.locator("header.request .status")).to_have_text("expired")
    expect(page.get_by_text("did not answer in time")).to_be_visible()
    assert guard.shown(id_)["decisions"] == []


def test_the_second_of_two_windows_decides_nothing(desk: Desk, guard: ServedGuard) -> None:
    id_ = guard.ask("60000")
    first, second = (desk.open_as("manager", f"/exceptions/{id_}") for _ in range(2))
    third = desk.open_as("manager2", f"/exceptions/{id_}")
    decide(first, "Approve")
    heading(first, "You have approved it")
    decide(second, "Deny")
    heading(second, re.compile("You have decided already.*: your answer was not recorded"))
    expect(second.get_by_text("You have had your say.")).to_be_visible()
    decide(third, "Deny")
    heading(third, "Somebody has decided before you: your answer was not recorded")
    assert [each["decision"] for each in guard.shown(id_)["decisions"]] == ["approve"]


def test_who_read_an_older_version_decides_nothing_until_they_read_the_new_one(
    desk: Desk, guard: ServedGuard
) -> None:
    id_ = guard.ask("70000")
    reader = desk.open_as("manager2", f"/exceptions/{id_}")
    asker = desk.open_as("requester", f"/exceptions/{id_}")
    asker.get_by_role("button", name="Ask for something else instead").click()
    asker.get_by_label("Amount in USD").fill("90000")
    asker.get_by_role("button", name="Ask for this instead").click()
    heading(asker, "This is version 2 now")

    decide(reader, "Approve")
    heading(reader, "It was edited while you were reading: your answer was not recorded")
    expect(reader.get_by_role("heading", level=1)).to_have_text("$90,000.00")
    assert guard.shown(id_)["decisions"] == []
    decide(reader, "Approve")
    heading(reader, "You have approved it")
    assert [each["version"] for each in guard.shown(id_)["decisions"]] == [2]


def test_what_could_not_be_recorded_is_said_in_plain_words_with_a_way_on(
    desk: Desk, guard: ServedGuard
) -> None:
    id_ = guard.ask("40")
    page = desk.open_as("manager", f"/exceptions/{id_}")
    decisions = f"**/v1/exceptions/{id_}/decisions"

    def refuse(status: int, detail: str) -> None:
        page.unroute_all()
        told = {"status": status, "json": {"status": status, "detail": detail}}
        page.route(decisions, lambda route: route.fulfill(**told))
        decide(page, "Approve")

    refuse(403, "manager is not asked")
    heading(page, "You may not decide on this: your answer was not recorded")
    expect(page.get_by_role("link", name="See what waits for you")).to_be_visible()
    refuse(503, "others write")
    expect(page.get_by_text("nothing was recorded. Answer again.")).to_be_visible()
    page.unroute_all()
    page.route(decisions, lambda route: route.abort())
    decide(page, "Approve")
    heading(page, "No answer came: the network or the service is down.")
    page.unroute_all()
    page.route(
        decisions, lambda route: route.fulfill(status=401, json={"message": "Unauthorized"})
    )
    decide(page, "Approve", "what I was writing")
    heading(page, "You are not signed in")
    page.unroute_all()
    sign_in(page, "manager")
    expect(page.get_by_label("Comment")).to_have_value("what I was writing")
    decide(page, "Approve")
    heading(page, "You have approved it")


def test_what_people_write_is_shown_and_never_run(desk: Desk, guard: ServedGuard) -> None:
    scope = {"namespace": MARKUP, "model": LONG}
    id_ = guard.ask(
        "9", purpose=MARKUP, justification=MARKUP, business_impact="\u202e" + MARKUP, scope=scope
    )
    guard.call("manager", f"POST /v1/exceptions/{id_}/decisions", {"comment": MARKUP})
    body = {"decision": "deny", "version": 1, "comment": MARKUP}
    assert guard.call("manager", f"POST /v1/exceptions/{id_}/decisions", body)[0] == 200
    guard.chain()
    page = desk.open_as("requester", "/exceptions")
    for path in (f"/exceptions/{id_}", "/exceptions", "/audit"):
        desk.go(page, path)
        assert page.locator("main").get_by_text("<img src=x onerror").count() >= 1
        assert page.locator("main img, main script").count() == 0
        assert page.evaluate("window.taken") is None
    desk.go(page, "/exceptions/new?policy=%3Cb%3E&scope=model%3D%3Cimg+src%3Dx%3E")
    assert page.get_by_label("Name", exact=True).input_value() == "<img src=x>"


def test_following_a_link_changes_nothing_whatever_runs_there(
    desk: Desk, guard: ServedGuard
) -> None:
    id_ = guard.ask("3000")
    before = guard.shown(id_) | {"as_of": None}
    path = f"/exceptions/{id_}"
    scanner = desk.open(path)
    scanner.wait_for_load_state("networkidle")
    expect(scanner.get_by_text("Nothing is decided by following a link.")).to_be_visible()
    assert id_ not in scanner.locator("body").inner_text()
    decisions = f"/v1{path}/decisions"
    yes = {"decision": "approve", "version": 1}
    assert guard.call("", f"GET {path}")[0] == 200
    assert guard.call("", f"HEAD {path}")[0] in (404, 405)
    assert guard.call("", f"POST {path}", yes)[0] in (404, 405)
    assert guard.call("", f"GET {decisions}")[0] in (401, 404, 405)
    assert guard.call("", f"POST {decisions}", yes)[0] == 401
    forged = {"Authorization": "Bearer e30.e30.e30"}
    assert guard.call("", f"POST {decisions}", yes, forged)[0] == 401
    assert guard.shown(id_) | {"as_of": None} == before


def test_nobody_decides_on_their_own_request_and_a_viewer_only_looks(
    desk: Desk, guard: ServedGuard
) -> None:
    own = guard.ask("3000")
    for who in ("requester", "viewer"):
        page = desk.open_as(who, f"/exceptions/{own}")
        expect(page.get_by_role("heading", name="Your decision")).to_be_visible()
        assert page.get_by_role("button", name=re.compile("^(Approve|Deny)")).count() == 0
        status = page.evaluate(
            """async (path) => (await fetch(path, {
              method: "POST",
              headers: { Authorization: `Bearer ${sessionStorage.getItem("bursar.token")}` },
              body: JSON.stringify({ decision: "approve", version: 1 }),
            })).status""",
            f"/v1/exceptions/{own}/decisions",
        )
        assert status == 403
    assert guard.shown(own)["decisions"] == []
    viewer = page
    desk.go(viewer, "/exceptions/new")
    expect(viewer.get_by_text("You may look at requests here, and not ask.")).to_be_visible()
    desk.go(viewer, "/exceptions/01NOSUCH")
    expect(viewer.get_by_role("heading", level=1)).to_have_text("There is no such request")


def test_problems_stand_beside_their_fields(desk: Desk) -> None:
    page = desk.open_as("requester", "/exceptions/new?amount_usd=0&scope=cluster=training")
    page.get_by_role("button", name="Ask for an approval").click()
    expect(page.get_by_role("heading", name="Nothing was asked for yet")).to_be_visible()
    assert page.locator("#f-purpose-error").inner_text().startswith("Write something")
    for name in ("What is it for?", "Why is it needed?", "What happens with it"):
        page.get_by_label(name).fill("x")
    for field, value, told in (
        ("amount_usd", "0", "The amount must be above 0"),
        ("until", "2026-01-01T00:00", "Until must be in the future."),
        ("beneficiary", "nobody-here", "'nobody-here' is nobody here."),
    ):
        page.locator(f"#f-{field}").fill(value)
        page.get_by_role("button", name="Ask for an approval").click()
        expect(page.locator(f"#f-{field}-error")).to_contain_text(told)
        expect(page.locator(f"#f-{field}")).to_have_attribute("aria-invalid", "true")
        page.locator(f"#f-{field}").fill(
            {"amount_usd": "5", "until": "2027-01-01T00:00"}.get(field, "")
        )
    page.get_by_role("button", name="Ask for an approval").click()
    heading(page, "It is asked for")


def test_the_token_stays_in_its_tab_and_an_answer_nobody_asked_for_is_refused(
    desk: Desk, guard: ServedGuard
) -> None:
    page = desk.open_as("manager", "/audit")
    assert page.evaluate("Object.keys(sessionStorage)") == ["bursar.token"]
    assert page.evaluate("Object.keys(localStorage)") == []
    assert desk.context.cookies() == []
    assert "code=" not in page.url
    forged = desk.open("/signed-in?code=stolen&state=made-up")
    expect(
        forged.get_by_text("not the answer to a sign-in that began in this tab")
    ).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_the_browser_checks_the_audit_and_sees_a_record_that_was_changed(
    desk: Desk, guard: ServedGuard
) -> None:
    guard.ask("10")
    guard.chain()
    page = desk.open_as("viewer", "/audit")
    expect(page.locator("main")).to_contain_text("This browser has checked records 1 to")
    number = int(page.locator("main ol > li").last.get_attribute("value") or 0)
    assert number == 1

    def change(route: Any) -> None:
        answer = route.fetch()
        told = answer.json()
        for record in told["records"][1:2]:
            record["body"] = record["body"].replace("requester", "another")
        route.fulfill(response=answer, json=told)

    page.route("**/v1/audit?*", change)
    page.reload()
    expect(page.locator("main")).to_contain_text("Record 2 does not fit")


def test_a_keyboard_alone_signs_in_and_approves(desk: Desk, guard: ServedGuard) -> None:
    id_ = guard.ask("30")
    page = desk.open(f"/exceptions/{id_}")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                """() => {
                  const e = document.activeElement;
                  const style = getComputedStyle(e);
                  return [e.innerText || e.labels?.[0]?.innerText || "", style.outlineStyle];
                }"""
            )
            assert focused[1] != "none", f"nobody sees that {focused[0]!r} has the focus"
            if focused[0].startswith(name):
                return
        pytest.fail(f"no Tab leads to {name!r}")

    tab_to("Skip to the content")
    tab_to("Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/authorize?*")
    tab_to("manager2@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("$30.00")
    tab_to("Comment")
    page.keyboard.type("fine")
    tab_to("Approve")
    page.keyboard.press("Space")
    heading(page, "You have approved it")
    assert page.evaluate("document.activeElement.className") == "notice good"
    expect(page.locator("#announce")).to_contain_text("You have approved it.")


@pytest.fixture(scope="module")
def pages_of_all_kinds(guard: ServedGuard) -> list[str]:
    id_ = guard.ask("65000", purpose=LONG, justification=LONG, scope={"namespace": LONG})
    guard.chain()
    of_manager = "/exceptions/new?amount_usd=60000"
    return [f"/exceptions/{id_}", "/approvals", "/exceptions", of_manager, "/audit"]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1200, "dark")])
def test_every_page_fits_and_is_for_everybody(
    browser: Browser,
    guard: ServedGuard,
    pages_of_all_kinds: list[str],
    width: int,
    scheme: Any,
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    desk = Desk(context, guard.url)
    page = desk.open(pages_of_all_kinds[0])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    pages = {"signed out": looked_at(page)}
    sign_in(page, "manager")
    for path in pages_of_all_kinds:
        desk.go(page, path)
        if "new" in path:
            page.get_by_role("button", name="Ask for an approval").click()
        pages[path] = looked_at(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    assert desk.complaints == []
    if None in pages.values():
        pytest.skip("every page fits; axe-core could not be had from npm to look further")
    assert {path: told for path, told in pages.items() if told} == {}


def looked_at(page: Page) -> list[str] | None:
    """What axe finds wrong with it; None where there is no axe."""
    try:
        page.evaluate(axe.axe_source())
    except axe.NotHereError:
        return None
    told = page.evaluate("axe.run()")
    assert len(told["passes"]) > 10
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in told["violations"]
        for node in each["nodes"]
    ]
