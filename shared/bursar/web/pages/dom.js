// Elements from text alone: nothing that people wrote is ever read as markup.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

export function show(...nodes) {
  document.getElementById("main").replaceChildren(...nodes.flat(Infinity).filter(Boolean));
}

export function title(text) {
  document.title = `${text} · Bursar`;
}

// Said aloud where somebody listens; what is seen stands on the page itself.
export function announce(text) {
  const region = document.getElementById("announce");
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
}

// A message at the head of the page, which takes the focus.
export function notice(kind, heading, ...more) {
  const box = el("div", { class: `notice ${kind}`, tabindex: "-1" }, el("h2", {}, heading), ...more);
  requestAnimationFrame(() => box.focus());
  return box;
}

export function facts(...pairs) {
  const shown = pairs.filter((pair) => pair && pair[1] !== null && pair[1] !== undefined);
  return el("dl", { class: "facts" }, shown.map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
