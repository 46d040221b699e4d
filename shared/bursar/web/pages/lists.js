// What somebody has asked for, and what waits for their answer.

import { get } from "./api.js";
import { el, show, title } from "./dom.js";
import { asked, exactly, moment, plain, scope, status } from "./words.js";

export async function requestsPage() {
  const requests = await get("/v1/exceptions");
  title("My requests");
  show(
    el("div", { class: "headed" }, el("h1", {}, "My requests"),
      el("a", { class: "button main", href: "/exceptions/new" }, "Ask for an approval")),
    requests.length ? rows(requests, state)
      : el("p", {}, "You have asked for nothing yet."));
}

export async function approvalsPage() {
  const requests = await get("/v1/exceptions?awaiting=me");
  title("Waiting for me");
  const count = requests.length === 1 ? "One request waits" : `${requests.length} requests wait`;
  show(
    el("h1", {}, "Waiting for me"),
    requests.length ? el("p", {}, `${count} for your answer. Without one in time, a request expires, which denies it.`)
      : el("p", {}, "Nothing waits for you."),
    requests.length ? rows(requests, (each) => [`from ${each.requester} · until `, moment(each.deadline)]) : null);
}

export function rows(requests, told) {
  return el("ul", { class: "rows" }, requests.map((each) =>
    el("li", {},
      el("a", { href: `/exceptions/${encodeURIComponent(each.id)}` },
        el("span", { class: "amount" }, exactly(each.amount_usd)), " ",
        el("span", { class: "purpose" }, each.purpose)),
      el("p", { class: "small" }, status(each.status), " ", scope(each.scope)),
      el("p", { class: "small" }, told(each)))));
}

function state(request) {
  const tier = asked(request);
  return request.status === "pending" && tier
    ? [`${plain(tier)} is asked, until `, moment(request.deadline)]
    : ["asked for on ", moment(request.opened_at)];
}
