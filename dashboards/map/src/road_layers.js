// Roads and what lies on them, as layers. A layer whose id ends with "@a" or "@b" belongs to one side of the view.
import { DiscLayer, LineLayer } from "./flat_layers.js";
import { segmentsOf } from "./strokes.js";

const CASING_PX = 1.8;
const SKETCH_PX = 4;

/** Dashes and gaps, in widths of the line. */
export const DASHES = {
  closed: [2, 1.1],
  removed: [2, 1.1],
  added: [0.9, 0.9],
  changed: [5, 1],
  unmatched: [3.2, 0.8],
};

/** Casing and roads of one side. */
export function roadLayers({ side, paint, buffers, factor, ground }) {
  const common = { buffers, count: paint.count, factor };
  return [
    new LineLayer({ ...common, id: `casing@${side}`, extra: CASING_PX, tint: ground.casing }),
    new LineLayer({ ...common, id: `roads@${side}` }),
  ];
}

/** Buffers of some edges, as wide as `widthOf` says. */
export function edgeBuffers(roads, edges, widthOf) {
  const { segments, owner, count } = segmentsOf(roads, edges, (edge) => roads.sideOf(edge));
  return {
    count,
    buffers: {
      segments,
      colours: new Uint8Array(4 * count).fill(255),
      widths: Float32Array.from(owner, (place) => widthOf(edges[place])),
    },
  };
}

/** Some edges in one colour, so much wider than their buffers say. */
export function edgeLayer({ id, made, extra = 0, colour, factor, dash = null }) {
  return new LineLayer({ id, ...made, extra, tint: colour, factor, dash });
}

/** Lines that are no roads yet. */
export function sketchBuffers(lines) {
  const offsets = [0];
  for (const line of lines) offsets.push(offsets.at(-1) + line.length);
  const { segments, count } = segmentsOf({ xy: Float32Array.from(lines.flat(2)), offsets }, [...lines.keys()]);
  return { count, buffers: { segments, colours: new Uint8Array(4 * count).fill(255), widths: new Float32Array(count).fill(SKETCH_PX) } };
}

export function vehicleLayer(id, fleet, ground, factor) {
  return new DiscLayer({
    id,
    count: fleet.count,
    extra: 1,
    tint: ground.vehicleRim,
    factor: Math.min(Math.max(factor, 0.8), 2),
    buffers: { xy: fleet.position, radii: fleet.radius, colours: fleet.colourFor(ground) },
  });
}
