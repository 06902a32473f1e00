// What colours, widths and dashes mean, in words.
import { css, gradientOf, KINDS, paletteOf } from "./colours.js";
import { el } from "./dom.js";
import { kindColour, pictureOf } from "./points.js";
import { DASHES } from "./road_layers.js";

/** Fill the legend; true if there is anything to say. */
export function fillLegend(box, { pictures, scene, config, words, ground, dark, numbers, sketches }) {
  const shown = Object.entries(config.points).filter(([name, look]) => scene?.points.has(name) && pictureOf(look));
  const rows = shown.flatMap(([name, look]) => pointRows(scene.points.get(name), pictureOf(look), { config, dark, numbers }));
  rows.push(...pictures.flatMap((picture) => scaleRows(picture, rangeOf(scene, picture), { config, dark, numbers })));
  if (shown.some(([, look]) => look.palette === "change")) rows.push(dotRow(words.no_chance, ground.chance));
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

/** Colours of points; the circles below say that larger is more. */
function pointRows({ level }, picture, made) {
  const known = (level ?? []).filter((one) => !Number.isNaN(one));
  const dots = [9, 13, 17, 21].map((size) => {
    const dot = el("span", { class: "dot" });
    Object.assign(dot.style, { width: `${size}px`, height: `${size}px` });
    return dot;
  });
  return [...scaleRows(picture, [Math.min(...known), Math.max(...known)], made), el("div", { class: "sizes", "aria-hidden": "true" }, ...dots)];
}

function scaleRows(picture, [least, most], { config, dark, numbers }) {
  const [low, high] = picture.limits;
  const unit = picture.unit ? ` [${picture.unit}]` : "";
  const what = el("div", { class: "what" }, `${picture.legend}${unit}`);
  if (low === high) return [what]; // nothing is coloured
  const ramp = el("div", { class: `ramp ${picture.palette}` });
  ramp.style.background = gradientOf(paletteOf(config.palettes, picture, dark));
  const slack = 1e-3 * (high - low);
  const ticks = [
    `${least < low - slack ? "≤ " : ""}${numbers(low, picture)}`,
    numbers((low + high) / 2, picture),
    `${most > high + slack ? "≥ " : ""}${numbers(high, picture)}`,
  ];
  return [what, ramp, el("div", { class: "ticks" }, ...ticks.map((tick) => el("span", {}, tick)))];
}

/** The least and the largest value that has a colour. */
function rangeOf(scene, picture) {
  const layers = [picture.layer, picture.whole].map((name) => scene?.layers.get(name));
  const ranges = layers.filter(Boolean).map((layer) => layer.range);
  return [Math.min(...ranges.map(([least]) => least)), Math.max(...ranges.map(([, most]) => most))];
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
  if (scene?.moving.length) {
    const kinds = config.vehicle_kinds.length ? config.vehicle_kinds : [words.vehicles];
    kinds.forEach((label, kind) => rows.push(dotRow(label, KINDS[kind] ?? ground.vehicle)));
  }
  Object.entries(config.points).forEach(([name, look], place) => {
    if (scene?.points.has(name) && !pictureOf(look)) rows.push(dotRow(look.label, kindColour(place), look.ring));
  });
  return rows;
}

function dotRow(text, colour, ring = false) {
  const dot = el("span", { class: ring ? "dot ring" : "dot" });
  dot.style.setProperty("--dot", css(colour));
  return el("div", { class: "row" }, dot, el("span", {}, text));
}
