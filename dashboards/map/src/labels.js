// Names of places and streets, drawn with the fonts of the system on a canvas above the map.

/** Size [px] and the least zoom (log2 of pixels per metre) of the kinds of places that are named. */
const PLACES = {
  city: [15, -9, 600],
  town: [14, -7, 600],
  village: [13, -6, 500],
  suburb: [12.5, -5, 600],
  borough: [12.5, -5, 600],
  quarter: [12, -4, 500],
  hamlet: [11.5, -3.5, 500],
  neighbourhood: [11.5, -3, 500],
  island: [11.5, -3, 500],
  square: [10.5, -0.6, 400],
};
const STREETS_FROM_ZOOM = -1;
const STREET_PX = 10.5;
const MOST_STREETS = 60;
const GAP_PX = 6;

export class Labels {
  constructor(canvas) {
    this.canvas = canvas;
    this.streets = null;
  }

  setScene(scene) {
    this.scene = scene;
    this.streets = scene.roads ? streetsOf(scene.roads) : [];
  }

  draw(camera, { colour, halo, font, ratio }) {
    const { canvas } = this;
    const [width, height] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, camera.width, camera.height);
    if (!this.scene) return;
    Object.assign(pen, { textAlign: "center", textBaseline: "middle", lineJoin: "round", fillStyle: colour, strokeStyle: halo });
    const taken = [];
    this.drawPlaces(pen, camera, font, taken);
    if (camera.zoom >= STREETS_FROM_ZOOM) this.drawStreets(pen, camera, font, taken);
  }

  drawPlaces(pen, camera, font, taken) {
    const { background } = this.scene;
    if (!background) return;
    for (const { name, kind, place } of background.places) {
      const [size, least, weight] = PLACES[kind] ?? [11, -2, 400];
      if (!name || camera.zoom < least) continue;
      const [x, y] = camera.toPixels(background.placesXy[2 * place], background.placesXy[2 * place + 1]);
      if (x < 0 || y < 0 || x > camera.width || y > camera.height) continue;
      pen.font = `${weight} ${size}px ${font}`;
      const half = pen.measureText(name).width / 2;
      if (!take(taken, [x - half, y - size / 2, x + half, y + size / 2])) continue;
      pen.lineWidth = 3.5;
      pen.strokeText(name, x, y);
      pen.fillText(name, x, y);
    }
  }

  drawStreets(pen, camera, font, taken) {
    pen.font = `500 ${STREET_PX}px ${font}`;
    let drawn = 0;
    for (const { name, x, y, angle, length } of this.streets) {
      if (drawn >= MOST_STREETS) break;
      if (length * camera.scale < 50) continue;
      const [px, py] = camera.toPixels(x, y);
      if (px < 0 || py < 0 || px > camera.width || py > camera.height) continue;
      const wide = pen.measureText(name).width;
      if (wide > length * camera.scale * 0.95) continue;
      const reachX = (Math.abs(Math.cos(angle)) * wide) / 2 + STREET_PX / 2;
      const reachY = (Math.abs(Math.sin(angle)) * wide) / 2 + STREET_PX / 2;
      if (!take(taken, [px - reachX, py - reachY, px + reachX, py + reachY])) continue;
      pen.save();
      pen.translate(px, py);
      pen.rotate(angle);
      pen.lineWidth = 3;
      pen.strokeText(name, 0, 0);
      pen.fillText(name, 0, 0);
      pen.restore();
      drawn++;
    }
  }
}

/** Take a rectangle unless it overlaps one that is taken. */
function take(taken, [left, top, right, bottom]) {
  const free = taken.every(
    ([l, t, r, b]) => right + GAP_PX < l || left - GAP_PX > r || bottom + GAP_PX / 2 < t || top - GAP_PX / 2 > b,
  );
  if (free) taken.push([left, top, right, bottom]);
  return free;
}

/** The longest straight stretch of every street, the longest streets first. */
function streetsOf(roads) {
  const best = new Map();
  for (let edge = 0; edge < roads.count; edge++) {
    const name = roads.nameOf(edge);
    if (!name) continue;
    for (let p = roads.offsets[edge]; p + 1 < roads.offsets[edge + 1]; p++) {
      const [ax, ay, bx, by] = roads.xy.subarray(2 * p, 2 * p + 4);
      const length = Math.hypot(bx - ax, by - ay);
      const key = `${name}|${Math.round((ax + bx) / 1200)}|${Math.round((ay + by) / 1200)}`;
      if (length <= (best.get(key)?.length ?? 0)) continue;
      let angle = -Math.atan2(by - ay, bx - ax);
      if (angle > Math.PI / 2) angle -= Math.PI;
      if (angle < -Math.PI / 2) angle += Math.PI;
      best.set(key, { name, x: (ax + bx) / 2, y: (ay + by) / 2, angle, length, rank: roads.rank[edge] });
    }
  }
  return [...best.values()].sort((a, b) => b.rank - a.rank || b.length - a.length);
}
