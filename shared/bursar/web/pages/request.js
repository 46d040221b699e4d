// One request, whole: what is asked, of which budgets, who has said what, and the decision.

import { Problem, get, post } from "./api.js";
import { budgetsSection } from "./budgets.js";
import { announce, el, facts, notice, show, title } from "./dom.js";
import { rows } from "./lists.js";
import { editForm } from "./request-form.js";
import { asked, day, exactly, left, moment, plain, readable, scope, status } from "./words.js";

const COMMENT = "bursar.comment"; // what was being written when the sign-in ended
const MARKS = { approved: "✓", denied: "✕", asked: "→" };

export async function requestPage(id) {
  const request = await get(path(id));
  const told = new URLSearchParams(location.search).has("asked")
    ? notice("good", "It is asked for", el("p", {}, "Whoever has to sign is told now, and you will be told how it ends."))
    : null;
  if (told) history.replaceState(null, "", location.pathname);
  render(request, told);
}

const path = (id) => `/v1/exceptions/${encodeURIComponent(id)}`;

function render(request, told = null) {
  title(`${exactly(request.amount_usd)} for ${scope(request.scope)}`);
  show(told, heading(request), notes(request.notes),
    el("div", { class: "split" },
      el("div", { class: "content" }, reasons(request), budgetsSection(request), policy(request), history_(request)),
      el("aside", { class: "panel", "aria-label": "Who signs, and your decision" }, consents(request), decision(request))));
}

function heading(request) {
  return el("header", { class: "request" },
    el("p", { class: "small" }, status(request.status), ` version ${request.version} · ${request.id}`),
    el("h1", {}, exactly(request.amount_usd)),
    el("p", { class: "lead" }, request.purpose),
    facts(
      ["Asked for by", request.requester],
      request.beneficiary ? ["For", request.beneficiary] : null,
      ["Spent on", scope(request.scope, "\n")],
      ["Team", request.team],
      ["To be spent until", moment(request.until)],
      request.allowance ? ["Left of it", exactly(request.allowance.remaining_usd)] : null),
    request.may_decide ? el("a", { class: "button main to-decision", href: "#decide" }, "To your decision") : null);
}

// Which budget it raises, and which ones refuse or warn as before.
function notes(told = []) {
  if (!told.length) return null;
  return el("div", { class: "notice warn" }, el("h2", {}, "What it does to budgets"),
    el("ul", {}, told.map((text) => el("li", {}, readable(text)))));
}

function reasons(request) {
  return el("section", {}, el("h2", {}, "Why"),
    el("h3", {}, "Why it is needed"), el("p", { class: "written" }, request.justification),
    el("h3", {}, "With it, and without it"), el("p", { class: "written" }, request.business_impact));
}

function policy(request) {
  const rules = request.policy_rules.map((rule) => el("li", {}, `${plain(rule.when)}: ${plain(rule.then)}`));
  return el("section", {}, el("h2", {}, "Policy"),
    el("p", {}, `It goes beyond “${request.policy}”.`), rules.length ? el("ul", {}, rules) : null);
}

function history_(request) {
  const { decisions, others } = request;
  const counted = /[1-9]/.test(request.counted_beside_usd);
  return el("section", {}, el("h2", {}, "History"),
    el("ol", { class: "history" },
      el("li", {}, `${request.requester} asked for it, `, moment(request.opened_at)),
      decisions.map((each) => el("li", {},
        `${each.decided_by} ${each.decision === "approve" ? "approved" : "denied"} it as ${plain(each.tier)}`,
        each.version === request.version ? "" : ` (version ${each.version})`, ", ", moment(each.decided_at),
        each.comment ? el("blockquote", { class: "written" }, each.comment) : null))),
    el("h3", {}, `Other requests of ${request.team}`),
    counted ? el("p", {}, `${exactly(request.counted_beside_usd)} of the last 30 days count with this one.`) : null,
    others.length ? rows(others, (each) => [`${each.requester}, `, day(each.opened_at)]) : el("p", {}, "There are none."));
}

function consents(request) {
  const waits = request.status === "pending";
  const now = waits || request.status === "expired" ? asked(request) : null;
  const tier = (each) => {
    const by = each.decided_by ? ` by ${each.decided_by}` : "";
    const state = { approved: `approved${by}`, denied: `denied${by}` }[each.status]
      ?? (each.name !== now ? (waits ? "not asked yet" : "was not asked") : waits ? "is asked now" : "did not answer in time");
    const kind = each.name === now && waits ? "asked" : each.status;
    return el("li", { class: kind }, el("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind] ?? "·"),
      el("span", {}, el("strong", {}, plain(each.name)), el("br"), state));
  };
  const time = left(request.as_of, request.deadline);
  return [el("h2", {}, "Who signs"), el("ol", { class: "tiers" }, request.tiers.map(tier)),
    waits
      ? el("p", { class: "small" }, "To be answered until ", moment(request.deadline), time ? `, ${time}.` : ".")
      : null];
}

function decision(request) {
  if (!request.may_decide) return [whyNot(request), request.may_edit ? editing(request) : null];
  const comment = el("textarea", { id: "comment", rows: 3, maxlength: 4000, "aria-describedby": "stands" },
    sessionStorage.getItem(COMMENT) ?? "");
  sessionStorage.removeItem(COMMENT);
  const problem = el("div", { class: "summary", hidden: true, tabindex: "-1" });
  const send = async (choice) => {
    if (buttons.some((each) => each.getAttribute("aria-disabled") === "true")) return;
    buttons.forEach((each) => each.setAttribute("aria-disabled", "true"));
    try {
      const body = { decision: choice, version: request.version, tier: request.asked, comment: comment.value.trim() };
      const decided = await post(`${path(request.id)}/decisions`, body);
      const said = choice === "approve" ? "approved" : "denied";
      render(decided, notice("good", `You have ${said} it`, el("p", {}, follows(decided))));
      announce(`You have ${said} it. ${follows(decided)}`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 503) {
        problem.hidden = false;
        problem.replaceChildren(el("p", {}, "Others wrote at the same moment, and nothing was recorded. Answer again."));
        problem.focus();
        buttons.forEach((each) => each.removeAttribute("aria-disabled"));
      } else {
        if (error.status === 401) sessionStorage.setItem(COMMENT, comment.value);
        await refused(request, error);
      }
    }
  };
  const buttons = [
    el("button", { type: "button", class: "main", onclick: () => send("approve") }, `Approve ${exactly(request.amount_usd)}`),
    el("button", { type: "button", class: "bad", onclick: () => send("deny") }, "Deny"),
  ];
  return [el("h2", { id: "decide", tabindex: "-1" }, "Your decision"), problem,
    el("label", { for: "comment" }, "Comment, for everybody who can see this"), comment,
    el("div", { class: "buttons" }, buttons),
    el("p", { class: "small", id: "stands" },
      `You answer as ${plain(request.asked)}, on version ${request.version}. A decision stands.`)];
}

function follows(request) {
  if (request.status === "approved") return "Everybody has signed: the amount may be spent.";
  if (request.status === "denied") return "That ends the request.";
  return `Next, ${plain(request.asked)} is asked.`;
}

function whyNot(request) {
  if (request.status !== "pending") return null;
  let told = `You are not asked now (${request.why_not}).`;
  if (request.you === request.requester) told = "You asked for this, so other people decide on it.";
  else if (request.you === request.beneficiary) told = "It is for you, so other people decide on it.";
  else if (hadASay(request)) told = "You have had your say.";
  return [el("h2", {}, "Your decision"), el("p", {}, told)];
}

function hadASay(request) {
  return request.decisions.some((each) => each.decided_by === request.you && each.version === request.version);
}

function editing(request) {
  const button = el("button", { type: "button", class: "quiet", onclick: async () => {
    const known = await get("/v1/policies");
    title("Ask for something else");
    const form = editForm(known, request, (edited) => render(edited,
      notice("good", `This is version ${edited.version} now`, el("p", {}, "Everybody is asked anew."))));
    const head = el("h1", { tabindex: "-1" }, "Ask for something else");
    show(head, el("p", { class: "lead" }, "What was signed so far no longer counts: everybody is asked anew."), form);
    head.focus();
  } }, "Ask for something else instead");
  return el("p", {}, button);
}

// Why a decision was not taken, in plain words, above the request as it is now.
async function refused(seen, problem) {
  if (problem.status === 401) throw problem;
  const now = await get(path(seen.id));
  const told = {
    403: ["You may not decide on this", `${problem.message}. Those who are asked see it under “Waiting for me”.`],
    410: ["The time to answer is over", "The request has expired, which denies it. If the money is still needed, it has to be asked for anew."],
    409: now.version === seen.version
      ? [hadASay(now) ? "You have decided already, perhaps in another window" : "Somebody has decided before you",
        "Below is how it stands now."]
      : ["It was edited while you were reading", `This is version ${now.version} now; you saw version ${seen.version}. Read it again, and then decide.`],
  }[problem.status] ?? [problem.message, "Below is how it stands now. If your answer is not there, give it again."];
  const sure = problem.status >= 400 && problem.status < 500;
  const heading = `${told[0]}${sure ? ": your answer was not recorded" : ""}`;
  render(now, notice("bad", heading, el("p", {}, told[1]),
    el("p", {}, el("a", { href: "/approvals" }, "See what waits for you"))));
  announce(heading);
}
