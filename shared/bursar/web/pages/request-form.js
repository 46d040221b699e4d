// Asking for an approval, and asking for something else. The API's problems stand at their field.

import { Problem, get, patch, post } from "./api.js";
import { announce, el, show, title } from "./dom.js";
import { exactly, plain, sentence } from "./words.js";

const DRAFT = "bursar.draft";
const A_MONTH = 30 * 24 * 3600 * 1000;
const TEXTS = [
  ["purpose", "What is it for?", "One line, as those who sign will see it in a list."],
  ["justification", "Why is it needed?", "What was tried, and why the budget does not do."],
  ["business_impact", "What happens with it, and without it?", null],
];
const NAMES = {
  policy: "Policy", scope: "What is it spent on?", amount_usd: "Amount in USD",
  until: "Until when may it be spent?", beneficiary: "For somebody else",
  ...Object.fromEntries(TEXTS.map(([name, label]) => [name, label])),
};

export async function requestFormPage() {
  const known = await get("/v1/policies");
  title("Ask for an approval");
  if (!known.may_ask) {
    show(el("h1", {}, "Ask for an approval"),
      el("p", {}, "You may look at requests here, and not ask. Whoever runs Bursar can change that."));
    return;
  }
  const form = new RequestForm(known, drafted() ?? asked(known));
  show(el("h1", {}, "Ask for an approval"),
    el("p", { class: "lead" }, "Spending beyond a policy is signed by people. The more it is, the more of them."),
    form.element("Ask for an approval", async (body) => {
      const opened = await post("/v1/exceptions", body);
      location.assign(`/exceptions/${encodeURIComponent(opened.id)}?asked`);
    }));
}

export function editForm(known, request, done) {
  const form = new RequestForm(known, { ...request, scope: Object.entries(request.scope) }, true);
  return form.element("Ask for this instead", async (body) => {
    const { policy: _, beneficiary, ...told } = body;
    const path = `/v1/exceptions/${encodeURIComponent(request.id)}`;
    done(await patch(path, { ...told, beneficiary: beneficiary ?? null, version: request.version }));
  });
}

// What the link of a refused job fills in, such as ?policy=training-job&amount_usd=12000&scope=team=a
function asked(known) {
  const told = new URLSearchParams(location.search);
  const pairs = (told.get("scope") ?? "").split(",").map((pair) => {
    const at = pair.indexOf("=");
    return at > 0 ? [pair.slice(0, at), pair.slice(at + 1)] : null;
  }).filter(Boolean);
  return {
    policy: told.get("policy") ?? known.policies[0]?.name,
    scope: pairs.length ? pairs : [["cluster", ""], ["namespace", ""]],
    amount_usd: told.get("amount_usd") ?? "",
    until: new Date(Date.parse(known.as_of) + A_MONTH).toISOString(),
  };
}

function drafted() {
  const kept = sessionStorage.getItem(DRAFT);
  sessionStorage.removeItem(DRAFT);
  return kept ? JSON.parse(kept) : null;
}

class RequestForm {
  constructor(known, values, isEdit = false) {
    this.known = known;
    this.values = values;
    this.isEdit = isEdit;
    this.fields = new Map();
  }

  element(verb, send) {
    const { known, values } = this;
    this.tiers = el("p", { class: "hint", id: "signers" });
    this.summary = el("div", { class: "summary", tabindex: "-1", hidden: true });
    this.pairs = el("div", { class: "pairs" });
    for (const [name, value] of values.scope) this.addPair(name, value);
    const policy = el("select", {}, known.policies.map((each) =>
      el("option", { value: each.name, selected: each.name === values.policy }, plain(each.name))));
    policy.disabled = this.isEdit;
    const amount = el("input", { inputmode: "decimal", autocomplete: "off", value: values.amount_usd,
      oninput: () => this.showSigners() });
    const until = el("input", { type: "datetime-local", value: values.until?.slice(0, 16) ?? "" });
    const button = el("button", { class: "main" }, verb);
    this.form = el("form", { novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      this.submit(button, send);
    } },
    this.summary,
    this.field("policy", policy),
    this.scopeField(),
    this.field("amount_usd", amount, null, this.tiers),
    TEXTS.map(([name, , hint]) => this.field(name,
      el("textarea", { rows: name === "purpose" ? 1 : 3, maxlength: 4000 }, values[name] ?? ""), hint)),
    this.field("until", until, "In UTC. What is not spent by then is gone."),
    this.field("beneficiary", el("input", { autocomplete: "off", value: values.beneficiary ?? "" }),
      "Their id, if the spending is for another person: neither of you decides on it. Else leave it empty."),
    el("p", {}, button));
    this.showSigners();
    return this.form;
  }

  field(name, input, hint, ...more) {
    const id = `f-${name}`;
    const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
    const hinted = hint ? el("p", { class: "hint", id: `${id}-hint` }, hint) : null;
    input.id = id;
    input.name = name;
    const described = [hint && `${id}-hint`, ...more.map((each) => each.id), `${id}-error`];
    input.setAttribute("aria-describedby", described.filter(Boolean).join(" "));
    this.fields.set(name, { input, error });
    return el("div", { class: "field" }, el("label", { for: id }, NAMES[name]), hinted, error, input, more);
  }

  scopeField() {
    const error = el("p", { class: "error", id: "f-scope-error", hidden: true });
    const add = el("button", { type: "button", class: "quiet", onclick: () => this.addPair("", "").focus() }, "Add another");
    const set = el("fieldset", { class: "field", id: "f-scope", "aria-describedby": "f-scope-hint f-scope-error" },
      el("legend", {}, NAMES.scope),
      el("p", { class: "hint", id: "f-scope-hint" }, "The cluster, namespace, model … whose budget it would go over."),
      error, this.pairs, add);
    this.fields.set("scope", { input: set, error });
    return set;
  }

  addPair(name, value) {
    const dimension = el("select", { "aria-label": "Kind" }, el("option", { value: "" }, "choose"),
      this.known.dimensions.map((each) => el("option", { value: each, selected: each === name }, each)));
    const field = el("input", { "aria-label": "Name", autocomplete: "off", spellcheck: "false", value });
    const pair = el("div", { class: "pair" }, dimension, field,
      el("button", { type: "button", class: "quiet", "aria-label": "Take this line out", onclick: () => {
        pair.remove();
        this.pairs.querySelector("select")?.focus();
      } }, "✕"));
    this.pairs.append(pair);
    return dimension;
  }

  showSigners() {
    const amount = this.amount();
    const needed = this.known.tiers.filter((tier) => Number(tier.at_least_usd) <= Number(amount));
    const names = needed.map((tier) => plain(tier.name)).join(", then ");
    this.tiers.textContent = /^\d+(\.\d+)?$/.test(amount)
      ? `${exactly(amount)} is signed by: ${names}. More of them, if your team asks for much within 30 days.` : "";
  }

  amount() {
    return this.fields.get("amount_usd").input.value.replaceAll(/[\s,$]/g, "");
  }

  read() {
    const value = (name) => this.fields.get(name).input.value.trim();
    const pairs = [...this.pairs.children].map((pair) => [
      pair.querySelector("select").value, pair.querySelector("input").value.trim()]);
    const until = value("until");
    return {
      policy: value("policy"), pairs, amount_usd: this.amount(),
      purpose: value("purpose"), justification: value("justification"),
      business_impact: value("business_impact"),
      until: until ? `${until.slice(0, 16)}:00Z` : "", beneficiary: value("beneficiary"),
    };
  }

  faults({ pairs, ...told }) {
    const found = {};
    const used = pairs.filter(([name, value]) => name || value);
    const names = used.map(([name]) => name);
    if (!used.length) found.scope = "Name at least one thing.";
    else if (used.some(([name, value]) => !name || !value)) found.scope = "Each line needs a kind and a name.";
    else if (new Set(names).size < names.length) found.scope = "Each kind can stand once.";
    if (!/^\d+(\.\d+)?$/.test(told.amount_usd)) found.amount_usd = "Write an amount, such as 12000 or 12,000.50.";
    for (const [name] of TEXTS) if (!told[name]) found[name] = "Write something: it is what people decide by.";
    if (!told.until) found.until = "Choose a day and a time.";
    return found;
  }

  async submit(button, send) {
    if (button.getAttribute("aria-disabled") === "true") return;
    const told = this.read();
    const faults = this.faults(told);
    if (Object.keys(faults).length) return this.showFaults(faults);
    const { pairs, beneficiary, ...rest } = told;
    const body = { ...rest, scope: Object.fromEntries(pairs.filter(([name]) => name)) };
    if (beneficiary) body.beneficiary = beneficiary;
    this.showFaults({});
    button.setAttribute("aria-disabled", "true");
    try {
      await send(body);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401) {
        sessionStorage.setItem(DRAFT, JSON.stringify({ ...told, scope: pairs }));
        this.showFaults({}, "Your sign-in has ended. Load this page anew to sign in: what you wrote is kept.");
      } else {
        const named = error.errors.map(({ pointer, detail }) => [pointer.split("/")[1], sentence(detail)]);
        const faulty = Object.fromEntries(named.filter(([name]) => this.fields.has(name)));
        this.showFaults(faulty, Object.keys(faulty).length ? "" : sentence(error.message));
      }
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  showFaults(faults, whole = "") {
    for (const [name, { input, error }] of this.fields) {
      error.textContent = faults[name] ?? "";
      error.hidden = !faults[name];
      if (input.tagName !== "FIELDSET") input.setAttribute("aria-invalid", String(Boolean(faults[name])));
    }
    const links = Object.entries(faults).map(([name, told]) =>
      el("li", {}, el("a", { href: `#f-${name}`, onclick: (event) => {
        event.preventDefault();
        const { input } = this.fields.get(name);
        (input.querySelector("select, input") ?? input).focus();
      } }, `${NAMES[name]} ${told}`)));
    this.summary.hidden = !links.length && !whole;
    this.summary.replaceChildren(el("h2", {}, "Nothing was asked for yet"),
      whole ? el("p", {}, whole) : "", el("ul", {}, links));
    if (!this.summary.hidden) {
      this.summary.focus();
      announce(whole || `${links.length} to correct`);
    }
  }
}
