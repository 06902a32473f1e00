// The map behind the roads: pictures from a server where asked for, water, green, buildings, rivers, railways.
import { BitmapLayer } from "@deck.gl/layers";
import { earcut } from "@math.gl/polygon";
import { AreaLayer, LineLayer } from "./flat_layers.js";
import { WORLD } from "./plane.js";
import { segmentsOf } from "./strokes.js";

const LINE_PX = [1.6, 0.9];
const MOST_TILES = 80;

/** Layers that stay as they are until the ground or the theme changes. */
export function groundLayers(background, mesh, ground) {
  if (!background) return [];
  const { areas, lines } = background;
  const rows = Uint32Array.from(lines.kind.keys());
  const { segments, owner, count } = segmentsOf(lines, rows);
  const layers = [
    new AreaLayer({
      id: "areas",
      count: mesh.indices.length,
      buffers: { xy: areas.xy, colours: areaColours(areas, mesh, ground), indices: mesh.indices },
    }),
    new LineLayer({
      id: "lines",
      count,
      buffers: {
        segments,
        colours: Uint8Array.from(Array.from(owner, (line) => [...ground.lines[lines.kind[line]], 255]).flat()),
        widths: Float32Array.from(owner, (line) => LINE_PX[lines.kind[line]]),
      },
    }),
  ];
  return layers.filter((layer) => layer.props.count);
}

/** Triangles of all polygons, holes left out; vertices as they lie in the data. */
export function meshOf({ xy, offsets, rings }) {
  const indices = [];
  const starts = new Uint32Array(rings.length);
  for (let polygon = 0; polygon + 1 < rings.length; polygon++) {
    const from = offsets[rings[polygon]];
    const to = offsets[rings[polygon + 1]];
    starts[polygon] = from;
    const holes = [];
    for (let ring = rings[polygon] + 1; ring < rings[polygon + 1]; ring++) holes.push(offsets[ring] - from);
    for (const corner of earcut(xy.subarray(2 * from, 2 * to), holes, 2)) indices.push(from + corner);
  }
  starts[rings.length - 1] = offsets.at(-1) ?? 0;
  return { indices: Uint32Array.from(indices), starts };
}

function areaColours({ xy, kind }, { starts }, ground) {
  const out = new Uint8Array(xy.length * 2);
  for (let polygon = 0; polygon < kind.length; polygon++) {
    paint(out, starts[polygon], starts[polygon + 1], ground.areas[kind[polygon]], ground.areaAlpha);
  }
  return out;
}

function paint(out, from, to, [r, g, b], alpha) {
  for (let v = from; v < to; v++) out.set([r, g, b, alpha], 4 * v);
}

/** Encrypted, or from this machine. */
const SAFE = /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/])/;

/** Pictures from a server; none without a template. */
export function tileLayers(tiles, camera, plane) {
  if (!SAFE.test(tiles?.url ?? "")) return [];
  const zoom = Math.min(Math.max(Math.round(camera.zoom + plane.zoomShift + 0.5), 0), 19);
  const size = WORLD / 2 ** zoom;
  const reach = [camera.width / 2 / camera.scale, camera.height / 2 / camera.scale].map((m) => m / plane.metresPerCount);
  const middle = [plane.x + camera.x / plane.metresPerCount, plane.y - camera.y / plane.metresPerCount];
  const [left, top] = [0, 1].map((axis) => Math.max(Math.floor((middle[axis] - reach[axis]) / size), 0));
  const [right, bottom] = [0, 1].map((axis) => Math.min(Math.floor((middle[axis] + reach[axis]) / size), 2 ** zoom - 1));
  if ((right - left + 1) * (bottom - top + 1) > MOST_TILES) return [];
  const layers = [];
  for (let x = left; x <= right; x++) {
    for (let y = top; y <= bottom; y++) {
      const [west, north, east, south] = plane.metres([x * size, y * size, (x + 1) * size, (y + 1) * size]);
      layers.push(
        new BitmapLayer({
          id: `tile-${zoom}-${x}-${y}`,
          image: tiles.url.replace("{z}", zoom).replace("{x}", x).replace("{y}", y),
          bounds: [west, south, east, north],
        }),
      );
    }
  }
  return layers;
}
