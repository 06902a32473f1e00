// Turn values into colours and widths of roads, as flat arrays.
import { paletteOf, tableOf } from "./colours.js";
import { segmentsOf } from "./strokes.js";

/** Widths at 4 m a pixel [px], by rank. */
const BASE = [1.1, 1.5, 1.9, 2.3, 2.7];
const NARROWER = 0.75;
const WIDER_LEVEL = 2.6;
const WIDER_CHANGE = 3.4;

/** What a road tells: nothing known, nothing beyond chance, or a value. */
export const KNOWN = { NOTHING: 0, CHANCE: 1, VALUE: 2 };

/** The layer and row that a picture shows at a time; null where there is nothing to show. */
export function rowOf(scene, picture, time_s) {
  const name = picture && (time_s === null && picture.whole ? picture.whole : picture.layer);
  const layer = name ? scene.layers.get(name) : null;
  if (!layer || layer.count !== scene.roads?.count) return null;
  return { layer, from: layer.row(layer.intervalAt(time_s ?? -Infinity) ?? 0) };
}

/** What one road tells in a row: `{known, value, low, high}`. */
export function tell(row, edge) {
  const at = row.from + edge;
  const { layer } = row;
  const value = layer.value[at] * layer.factor;
  if (Number.isNaN(value)) return { known: KNOWN.NOTHING };
  const known = layer.shown && !layer.shown[at] ? KNOWN.CHANCE : KNOWN.VALUE;
  const low = layer.low ? layer.low[at] * layer.factor : NaN;
  const high = layer.high ? layer.high[at] * layer.factor : NaN;
  return { known, value, low, high };
}

/** Edges in drawing order: main roads above side streets, then what is larger in any interval. */
export function orderOf(scene, picture) {
  const { roads } = scene;
  const weight = new Float64Array(roads.count);
  const layer = picture && scene.layers.get(picture.layer);
  for (let edge = 0; edge < roads.count; edge++) weight[edge] = roads.rank[edge] * 1e-6;
  if (layer && layer.count === roads.count) {
    for (let at = 0; at < layer.value.length; at++) {
      const size = Math.abs(layer.value[at]);
      if (size > 0 && (!layer.shown || layer.shown[at])) weight[at % roads.count] += 1 + size;
    }
  }
  return Uint32Array.from(weight.keys()).sort((a, b) => weight[a] - weight[b]);
}

/** Colours and widths of all roads for one picture at one time, an item a segment, in drawing order. */
export class Paint {
  constructor(roads, order) {
    this.roads = roads;
    this.order = order;
    Object.assign(this, segmentsOf(roads, order, (edge) => roads.sideOf(edge)));
    this.widthOf = new Float32Array(roads.count);
  }

  /** Buffers for the graphics card; new arrays, so that it takes note. */
  fill({ row, picture, palettes, ground, dark, hidden }) {
    const colourOf = new Uint8Array(4 * this.roads.count);
    const table = picture ? tableOf(paletteOf(palettes, picture, dark)) : null;
    const [low, high] = picture?.limits ?? [0, 1];
    const change = picture?.palette === "change";
    const largest = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const span = high - low || 1;
    for (let place = 0; place < this.order.length; place++) {
      const edge = this.order[place];
      let [r, g, b] = ground.plain;
      let width = BASE[this.roads.rank[edge]] ?? BASE.at(-1);
      let alpha = 255;
      if (row) {
        const at = row.from + edge;
        const value = row.layer.value[at] * row.layer.factor;
        if (Number.isNaN(value)) {
          [r, g, b] = ground.noData;
          width *= NARROWER;
        } else if ((row.layer.shown && !row.layer.shown[at]) || (change && value === 0)) {
          [r, g, b] = ground.chance;
          width *= NARROWER;
        } else {
          const share = Math.min(Math.max((value - low) / span, 0), 1);
          const code = 3 * Math.round(share * 255);
          [r, g, b] = [table[code], table[code + 1], table[code + 2]];
          const strength = change ? Math.min(Math.abs(value) / largest, 1) : share;
          width = width * 0.9 + 0.6 + (change ? WIDER_CHANGE : WIDER_LEVEL) * strength;
        }
      }
      if (hidden?.has(edge)) alpha = 0;
      colourOf.set([r, g, b, alpha], 4 * edge);
      this.widthOf[edge] = width;
    }
    return this.spread(colourOf);
  }

  /** From edges to their segments. */
  spread(colourOf) {
    const colours = new Uint8Array(4 * this.count);
    const widths = new Float32Array(this.count);
    const words = new Uint32Array(colours.buffer);
    const wordOf = new Uint32Array(colourOf.buffer);
    for (let at = 0; at < this.count; at++) {
      const edge = this.order[this.owner[at]];
      words[at] = wordOf[edge];
      widths[at] = this.widthOf[edge];
    }
    return { segments: this.segments, colours, widths };
  }
}

/** Factor of all widths at a zoom (log2 of pixels per metre): lines grow slower than the map. */
export function widthFactor(zoom) {
  return Math.min(Math.max(2 ** ((zoom + 2) * 0.42), 0.62), 5);
}
