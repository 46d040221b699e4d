// Which page this is, and whether somebody has signed in to see it.

import { Problem } from "./api.js";
import { auditPage } from "./audit.js";
import { el, notice, show, title } from "./dom.js";
import { approvalsPage, requestsPage } from "./lists.js";
import { requestPage } from "./request.js";
import { requestFormPage } from "./request-form.js";
import { SignInError, finishSignIn, person, signIn, signOut, token } from "./session.js";

const PAGES = [
  [/^\/(?:exceptions)?$/, requestsPage, "your requests"],
  [/^\/exceptions\/new$/, requestFormPage, "the form for a request"],
  [/^\/exceptions\/([^/]+)$/, requestPage, "this request"],
  [/^\/approvals$/, approvalsPage, "what waits for you"],
  [/^\/audit$/, auditPage, "the audit"],
];

function signInPage(what, why) {
  title("Sign in");
  const button = el("button", { type: "button", class: "main", onclick: () => guarded(signIn) }, "Sign in");
  const more = why ? [] : [el("p", {}, `Sign in to see ${what}. Nothing is decided by following a link.`)];
  show(why ? notice("bad", "You are not signed in", el("p", {}, why)) : null, el("h1", {}, "Sign in"), more, button);
}

async function guarded(act) {
  try {
    await act();
  } catch (error) {
    if (error instanceof SignInError) signInPage("", error.message);
    else if (error instanceof Problem && error.status === 401) {
      signInPage("", "Your sign-in has ended. Sign in again: you come back to this page.");
    } else if (error instanceof Problem && error.status === 404) failed("There is no such request", error);
    else if (error instanceof Problem && error.status === 403) failed("This is not for you", error);
    else failed("That did not work", error);
  }
}

function failed(heading, error) {
  title(heading);
  show(el("h1", {}, heading), el("p", {}, error.message),
    el("p", {}, el("a", { href: "/exceptions" }, "My requests"), " · ",
      el("a", { href: "/approvals" }, "Waiting for me")));
  if (!(error instanceof Problem)) console.error(error);
}

function showPerson() {
  document.getElementById("pages").hidden = false;
  document.getElementById("who").hidden = false;
  document.getElementById("person").textContent = person();
  document.getElementById("sign-out").addEventListener("click", () => guarded(signOut));
  for (const link of document.querySelectorAll("#pages a")) {
    if (link.getAttribute("href") === location.pathname) link.setAttribute("aria-current", "page");
  }
}

async function start() {
  if (location.pathname === "/signed-in") {
    location.replace(await finishSignIn());
    return;
  }
  const [pattern, page, what] = PAGES.find(([each]) => each.test(location.pathname)) ?? [];
  if (!page) {
    failed("There is no such page", new Problem(404, location.pathname));
  } else if (!token()) {
    signInPage(what);
  } else {
    showPerson();
    await page(...pattern.exec(location.pathname).slice(1).map(decodeURIComponent));
  }
}

addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  guarded(() => { throw event.reason; });
});
await guarded(start);
