// What the tooltip says of a road or a point: pairs of a CSS class and a text.
import { filled } from "./dom.js";
import { KNOWN, rowOf, tell } from "./paint.js";

/** A number as the language writes it, with a true minus sign. */
export function numberText(value, picture, language) {
  const signDisplay = picture.palette === "change" ? "exceptZero" : "auto";
  return new Intl.NumberFormat(language, { maximumFractionDigits: picture.digits, signDisplay }).format(value).replace("-", "−");
}

export function pointLines(scene, config, { name, place }) {
  const [first, ...more] = (scene.points.get(name).labels[place] ?? "").split("\n");
  const { label } = config.points[name];
  return first ? [["name", first], ...more.map((line) => ["value", line]), ["faint", label]] : [["name", label]];
}

/** Name, marks, and the values of both sides, the left one first. */
export function edgeLines(scene, config, { edge, sides, time_s }) {
  const { words } = config;
  const lines = [["name", scene.roads.nameOf(edge) || words.unnamed]];
  for (const [mark, ids] of Object.entries(config.marks)) {
    if (ids.includes(scene.roads.ids[edge])) lines.push(["mark", words[mark]]);
  }
  for (const { picture } of [...sides].reverse()) {
    const row = picture && rowOf(scene, picture, time_s);
    if (!row) continue;
    const intro = sides.length > 1 ? `${picture.title}: ` : "";
    lines.push(...valueLines(tell(row, edge), { picture, intro, config }));
  }
  return lines;
}

function valueLines({ known, value, low, high }, { picture, intro, config }) {
  const { words, language } = config;
  const unit = picture.unit ? ` ${picture.unit}` : "";
  if (known === KNOWN.NOTHING) return [["faint", `${intro}${words.nothing}`]];
  const lines = [["value", `${intro}${numberText(value, picture, language)}${unit}`]];
  if (Number.isFinite(low) && Number.isFinite(high)) {
    const [from, to] = [low, high].map((bound) => numberText(bound, picture, language));
    lines.push(["faint", `${filled(words.interval, { low: from, high: to })}${unit}`]);
  }
  if (known === KNOWN.CHANCE) lines.push(["faint", words.not_shown]);
  return lines;
}
