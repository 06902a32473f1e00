// Points on the map: stations, counting posts. Larger is more; colour says a value where the page asks for it.
import { KINDS, paletteOf, tableOf } from "./colours.js";
import { DiscLayer } from "./flat_layers.js";

const POINT_PX = 5.5;
const LEAST_PX = 5;
const GROWS_PX = 11;
const RIM_PX = 1.6;
const RING_PX = 2.5;

/** A look as `legend.js` and numbers take it, or null where points have one colour. */
export function pictureOf(look) {
  return look.limits ? { ...look, palette: look.palette ?? "level" } : null;
}

export function kindColour(place) {
  return KINDS[1 + (place % (KINDS.length - 1))];
}

export function pointLayer(name, place, points, { look, ground, palettes, dark }) {
  const count = points.xy.length / 2;
  return new DiscLayer({
    id: `points-${name}`,
    count,
    extra: look.ring ? RING_PX : RIM_PX,
    tint: look.ring ? kindColour(place) : ground.vehicleRim,
    buffers: { xy: points.xy, radii: radiiOf(points, count), colours: coloursOf(points, count, { look, place, ground, palettes, dark }) },
  });
}

function radiiOf({ value }, count) {
  const largest = value ? value.reduce((most, one) => Math.max(most, Math.abs(one) || 0), 0) || 1 : 1;
  return Float32Array.from({ length: count }, (_, i) =>
    value ? LEAST_PX + GROWS_PX * Math.sqrt((Math.abs(value[i]) || 0) / largest) : POINT_PX,
  );
}

function coloursOf({ level }, count, { look, place, ground, palettes, dark }) {
  const picture = pictureOf(look);
  const table = picture && level ? tableOf(paletteOf(palettes, picture, dark)) : null;
  const unknown = picture?.palette === "change" ? ground.chance : ground.noData; // a change without colour may be chance
  const out = new Uint8Array(4 * count);
  for (let i = 0; i < count; i++) {
    let rgb = look.ring ? ground.land : kindColour(place);
    if (table) {
      const share = Math.min(Math.max((level[i] - look.limits[0]) / (look.limits[1] - look.limits[0] || 1), 0), 1);
      const code = 3 * Math.round(share * 255);
      rgb = Number.isNaN(level[i]) ? unknown : table.subarray(code, code + 3);
    }
    out.set([...rgb, 245], 4 * i);
  }
  return out;
}
