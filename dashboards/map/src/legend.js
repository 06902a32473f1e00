// What colours, widths and dashes mean, in words.
import { css, gradientOf, KINDS, paletteOf } from "./colours.js";
import { el } from "./dom.js";
import { DASHES } from "./road_layers.js";

/** Fill the legend; true if there is anything to say. */
export function fillLegend(box, { pictures, scene, config, words, ground, dark, numbers, sketches }) {
  const rows = pictures.flatMap((picture) => scaleRows(picture, { config, dark, numbers }));
  if (pictures.length) rows.push(...greyRows(pictures, scene, words, ground));
  for (const mark of Object.keys(DASHES)) {
    if (config.marks[mark]?.length) rows.push(lineRow(words[mark], mark === "unmatched" ? ground.unmatched : ground.mark, dashCss(mark)));
  }
  if (sketches) rows.push(lineRow(words.sketch, ground.sketch, "dashed"));
  rows.push(...dotRows(scene, config, words, ground));
  box.replaceChildren(...rows);
  return rows.length > 0;
}

function dashCss(mark) {
  return mark === "added" ? "dotted" : "dashed";
}

function scaleRows(picture, { config, dark, numbers }) {
  const [low, high] = picture.limits;
  const unit = picture.unit ? ` [${picture.unit}]` : "";
  const what = el("div", { class: "what" }, `${picture.legend}${unit}`);
  if (low === high) return [what]; // nothing is coloured
  const ramp = el("div", { class: `ramp ${picture.palette}` });
  ramp.style.background = gradientOf(paletteOf(config.palettes, picture, dark));
  const middle = (low + high) / 2;
  const ticks = [low, middle, high].map((value) => el("span", {}, numbers(value, picture)));
  return [what, ramp, el("div", { class: "ticks" }, ...ticks)];
}

/** Grey means something only where a layer has such roads. */
function greyRows(pictures, scene, words, ground) {
  const layers = pictures.flatMap((picture) => [picture.layer, picture.whole]).map((name) => scene.layers.get(name));
  const rows = [];
  const change = pictures.some((picture) => picture.palette === "change");
  if (layers.some((layer) => layer?.shown) || change) rows.push(lineRow(words.no_chance, ground.chance, "solid"));
  if (layers.some((layer) => layer?.value.some(Number.isNaN))) rows.push(lineRow(words.no_data, ground.noData, "solid"));
  return rows;
}

function lineRow(text, colour, style) {
  const line = el("span", { class: "line" });
  line.style.borderTopColor = css(colour);
  line.style.borderTopStyle = style;
  return el("div", { class: "row" }, line, el("span", {}, text));
}

function dotRows(scene, config, words, ground) {
  const rows = [];
  if (scene.vehicles) {
    const kinds = config.vehicle_kinds.length ? config.vehicle_kinds : [words.vehicles];
    kinds.forEach((label, kind) => rows.push(dotRow(label, KINDS[kind] ?? ground.vehicle)));
  }
  Object.entries(config.points).forEach(([name, label], place) => {
    if (scene.points.has(name)) rows.push(dotRow(label, KINDS[1 + (place % (KINDS.length - 1))]));
  });
  return rows;
}

function dotRow(text, colour) {
  const dot = el("span", { class: "dot" });
  dot.style.background = css(colour);
  return el("div", { class: "row" }, dot, el("span", {}, text));
}
