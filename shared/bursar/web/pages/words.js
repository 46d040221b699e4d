// How amounts, times and states are written. Amounts come as text and lose no digit.

import { el } from "./dom.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const CENTS = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const STATUSES = {
  pending: "waiting", approved: "approved", denied: "denied", expired: "expired",
};

export function exactly(usd) {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(usd);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${sign}$${grouped}.${part.padEnd(2, "0")}`;
}

export function rounded(usd) {
  return CENTS.format(usd);
}

function dated(at) {
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

function timed(at) {
  const two = (number) => String(number).padStart(2, "0");
  return `${dated(at)}, ${two(at.getUTCHours())}:${two(at.getUTCMinutes())} UTC`;
}

export function moment(iso) {
  return el("time", { datetime: iso }, timed(new Date(iso)));
}

export function day(iso) {
  return el("time", { datetime: iso }, dated(new Date(iso)));
}

// A sentence of the API, its amounts and times written as they are elsewhere on the page.
export function readable(text) {
  return text
    .replace(/\b(\d+(?:\.\d+)?) USD\b/g, (_, usd) => rounded(usd))
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, (iso) => timed(new Date(iso)));
}

// `in 2 days 4 h`; nothing once it has passed.
export function left(from, to) {
  const minutes = Math.floor((new Date(to) - new Date(from)) / 60000);
  if (minutes <= 0) return "";
  if (minutes < 60) return `in ${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `in ${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return `in ${days} ${days === 1 ? "day" : "days"} ${hours % 24} h`;
}

export function plain(name) {
  return name.replaceAll(/[-_]/g, " ");
}

export function scope(pairs, between = ", ") {
  return Object.entries(pairs).sort().map(([name, value]) => `${name}=${value}`).join(between);
}

export function status(name) {
  return el("span", { class: `status ${name}` }, STATUSES[name] ?? name);
}

export function asked(request) {
  return request.tiers.find((tier) => tier.status === "pending")?.name ?? null;
}

export function sentence(text) {
  const told = text.replace(/^Value error, /, "");
  return told.charAt(0).toUpperCase() + told.slice(1) + (/[.!?]$/.test(told) ? "" : ".");
}
