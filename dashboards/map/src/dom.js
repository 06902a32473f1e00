// Make elements. Texts are set as text, never as markup: street names and titles are data.

/** An element with attributes, listeners (`onclick`) and children. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const SHAPES = {
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  whole: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  hand: "M5 3l6.5 16 2.2-6.3L20 10.5z",
  box: "M4 5h16v14H4z",
  polygon: "M12 3.5l8.5 6.2-3.2 10H6.7l-3.2-10z",
  clear: "M6 6l12 12M18 6L6 18",
  split: "M4 5h16v14H4zM12 5v14",
  play: "M7 4.5v15l12-7.5z",
  pause: "M8 5v14M16 5v14",
  earlier: "M15 6l-6 6 6 6",
  later: "M9 6l6 6-6 6",
  before: "M4 12a8 8 0 1 0 2.5-5.8M4 4v4.5h4.5M12 8v4.5l3 2",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon and says what it does. */
export function button(name, label, onclick, more = {}) {
  return el("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick, ...more }, icon(name));
}

export function setIcon(made, name, label) {
  if (made.dataset.icon === name) return;
  made.dataset.icon = name;
  made.replaceChildren(icon(name));
  made.setAttribute("aria-label", label);
  made.title = label;
}

/** Put values into the braces of a text of the catalogue. */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}
