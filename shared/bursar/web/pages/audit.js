// The audit's chain, newest first, checked here: each hash is that of the one before and its body.

import { get } from "./api.js";
import { el, show, title } from "./dom.js";
import { exactly, moment, plain } from "./words.js";

const A_PAGE = 50;
const GENESIS = "0".repeat(64);
const FAR = 999999999999;

export async function auditPage() {
  const { head } = await get(`/v1/audit?after=${FAR}`);
  const asked = Number(new URLSearchParams(location.search).get("after") ?? NaN);
  const after = Number.isInteger(asked) && asked >= 0 ? asked : Math.max(0, head.number - A_PAGE);
  const [before, records] = await page(after);
  const broken = await firstBroken(before, after, records, head);
  title("Audit");
  show(el("h1", {}, "Audit"),
    el("p", { class: "lead" }, "Everything that was asked, signed and used, in a chain of hashes: who changes a record breaks all that follow."),
    records.length ? verdict(records, broken) : el("p", {}, "There are no records here. A step is chained within the hour that it is taken in."),
    el("p", { class: "small" }, `The chain has ${head.number} records. Its head: `, el("code", {}, head.hash)),
    el("ol", { class: "rows", reversed: true }, records.toReversed().map(row)),
    pager(after, head.number));
}

// The hash before the page, and the page: one record more is read, for its hash alone.
async function page(after) {
  if (after === 0) return [GENESIS, (await get("/v1/audit?after=0")).records.slice(0, A_PAGE)];
  const { records: [last, ...rest] } = await get(`/v1/audit?after=${after - 1}`);
  return [last?.hash ?? GENESIS, rest.slice(0, A_PAGE)];
}

async function firstBroken(before, after, records, head) {
  let [hash, number] = [before, after];
  for (const record of records) {
    number += 1;
    hash = await link(hash, record.body);
    if (record.number !== number || record.hash !== hash) return record.number;
  }
  return number === head.number && hash !== head.hash ? number : null;
}

async function link(before, body) {
  const bytes = Uint8Array.from(before.match(/../g), (pair) => parseInt(pair, 16));
  const text = new TextEncoder().encode(body);
  const whole = new Uint8Array(bytes.length + text.length);
  whole.set(bytes);
  whole.set(text, bytes.length);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function verdict(records, broken) {
  const span = `records ${records[0].number} to ${records.at(-1).number}`;
  return broken === null
    ? el("p", { class: "notice good" }, `✓ This browser has checked ${span}: they are whole and in order. `,
      el("code", {}, "bursar audit verify"), " checks all, against heads that nobody can change.")
    : el("p", { class: "notice bad" }, `✕ Record ${broken} does not fit to the one before it. Tell whoever runs Bursar.`);
}

function row(record) {
  let told = {};
  try {
    told = JSON.parse(record.body);
  } catch {
    // shown as it is stored
  }
  const { exception, amount_usd: amount, decision } = told.details ?? {};
  const id = exception?.id ?? (typeof exception === "string" ? exception : null);
  const about = id ? el("a", { href: `/exceptions/${encodeURIComponent(id)}` }, id) : null;
  return el("li", { value: record.number },
    el("p", {}, el("strong", {}, `${record.number}. ${plain(told.action ?? "unreadable")}`), ` by ${told.actor ?? "nobody"}`,
      decision ? `: ${decision.choice} as ${plain(decision.tier)}` : ""),
    el("p", { class: "small" }, told.at ? moment(told.at) : "", amount ? ` · ${exactly(amount)} · ` : " ", about),
    el("details", {}, el("summary", {}, `Record ${record.number} as it is stored`),
      el("pre", { tabindex: "0", role: "region", "aria-label": `Body of record ${record.number}` }, record.body),
      el("p", { class: "small" }, "sha256 ", el("code", {}, record.hash))));
}

function pager(after, last) {
  const older = after > 0 ? el("a", { href: `/audit?after=${Math.max(0, after - A_PAGE)}` }, "Older") : null;
  const newer = after + A_PAGE < last ? el("a", { href: `/audit?after=${after + A_PAGE}` }, "Newer") : null;
  return older || newer ? el("nav", { "aria-label": "Pages of the audit", class: "pager" }, older, newer) : null;
}
