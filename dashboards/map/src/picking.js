// Find roads under the pointer, in a rectangle, in a polygon. Plain geometry: exact, and no reading back from the GPU.

/** A road whose own side of the street is the other one is this much further away [px]. */
const WRONG_SIDE_PX = 4;

/** The nearest edge within some pixels, or null. */
export function edgeAt(roads, camera, px, py, within_px = 9) {
  const [x, y] = camera.toMetres(px, py);
  const reach = within_px / camera.scale;
  let best = null;
  let least = reach;
  for (let edge = 0; edge < roads.count; edge++) {
    const box = 4 * edge;
    if (x < roads.boxes[box] - reach || x > roads.boxes[box + 2] + reach) continue;
    if (y < roads.boxes[box + 1] - reach || y > roads.boxes[box + 3] + reach) continue;
    const distance = distanceTo(roads, edge, x, y, WRONG_SIDE_PX / camera.scale);
    if (distance < least || (best !== null && distance === least && roads.rank[edge] > roads.rank[best])) {
      least = distance;
      best = edge;
    }
  }
  return best;
}

function distanceTo({ xy, offsets, twoWay, leftHand }, edge, x, y, penalty) {
  let least = Infinity;
  for (let p = offsets[edge]; p + 1 < offsets[edge + 1]; p++) {
    const [ax, ay, bx, by] = [xy[2 * p], xy[2 * p + 1], xy[2 * p + 2], xy[2 * p + 3]];
    const [dx, dy] = [bx - ax, by - ay];
    const square = dx * dx + dy * dy;
    const share = square > 0 ? Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / square, 0), 1) : 0;
    let distance = Math.hypot(x - ax - share * dx, y - ay - share * dy);
    const left = dx * (y - ay) - dy * (x - ax) > 0;
    if (twoWay[edge] && left !== leftHand) distance += penalty;
    least = Math.min(least, distance);
  }
  return least;
}

/** Edges whose middle lies in a polygon of pixels. */
export function edgesIn(roads, camera, corners) {
  const ring = corners.map(([px, py]) => camera.toMetres(px, py));
  const found = [];
  for (let edge = 0; edge < roads.count; edge++) {
    if (holds(ring, roads.middles[2 * edge], roads.middles[2 * edge + 1])) found.push(edge);
  }
  return found;
}

/** Even-odd rule. */
function holds(ring, x, y) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** The nearest point of the shown layers within some pixels: `{layer, place}`, or null. */
export function pointAt(layers, camera, px, py, within_px = 10) {
  const [x, y] = camera.toMetres(px, py);
  let least = within_px / camera.scale;
  let best = null;
  for (const [name, { xy }] of layers) {
    for (let place = 0; place * 2 < xy.length; place++) {
      const distance = Math.hypot(xy[2 * place] - x, xy[2 * place + 1] - y);
      if (distance < least) {
        least = distance;
        best = { name, place };
      }
    }
  }
  return best;
}
