// How the budgets stand that a request would be spent of, and what their month is expected to be.

import { el, facts } from "./dom.js";
import { day, moment, rounded, scope } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export function budgetsSection(request) {
  return el("section", {}, el("h2", {}, "Budgets it comes out of"),
    request.budgets.length ? request.budgets.map((each) => budget(each, request))
      : el("p", {}, "No budget is configured that holds all of this."));
}

function budget(each, request) {
  const known = each.spent_usd !== null;
  return el("article", { class: "budget" },
    el("h3", {}, each.id, " ", el("span", { class: "small" }, scope(each.scope))),
    el("p", { class: "small" }, day(each.window.starts_at), " to ", day(each.window.ends_at),
      each.enforced ? " · enforced: refuses what goes over it" : " · watched: tells, and refuses nothing"),
    known ? bar(each, request) : null,
    facts(
      ["Limit", rounded(each.limit_usd)],
      ["Spent", known ? rounded(each.spent_usd) : "nothing is known yet"],
      Number(each.reserved_usd) ? ["Reserved", rounded(each.reserved_usd)] : null,
      known ? ["Left", rounded(each.available_usd)] : null,
      each.projected_usd ? ["As it goes on", rounded(each.projected_usd)] : null,
      each.forecast ? [`Forecast of ${each.forecast.month}`,
        `${rounded(each.forecast.expected_usd)} (80% between ${rounded(each.forecast.low80_usd)} and ${rounded(each.forecast.high80_usd)})`] : null),
    each.as_of && !each.enforced ? el("p", { class: "small" }, "As of ", moment(each.as_of)) : null);
}

// What is spent and reserved, and what this request adds while it waits; the line is the limit.
function bar(each, request) {
  const [limit, spent, reserved] = [each.limit_usd, each.spent_usd, each.reserved_usd].map(Number);
  const more = request.status === "pending" ? Number(request.amount_usd) : 0;
  const whole = Math.max(limit, spent + reserved + more) || 1;
  const svg = document.createElementNS(SVG, "svg");
  const told = `${rounded(each.spent_usd)} of ${rounded(each.limit_usd)} spent`
    + (more ? `; with this request ${rounded(String(spent + reserved + more))}` : "");
  for (const [name, value] of Object.entries({ viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": told, class: "bar" })) svg.setAttribute(name, value);
  let from = 0;
  for (const [kind, size] of [["spent", spent], ["reserved", reserved], ["asked", more]]) {
    svg.append(rectangle(kind, (from / whole) * 100, (size / whole) * 100));
    from += size;
  }
  svg.append(rectangle("limit", Math.min((limit / whole) * 100, 99.5), 0.5));
  return el("div", {}, svg, el("p", { class: "small" }, told));
}

function rectangle(kind, x, width) {
  const made = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ class: kind, x, width, y: 0, height: 6 })) made.setAttribute(name, value);
  return made;
}
