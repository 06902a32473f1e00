// Where the map looks: a middle in metres and a zoom, log2 of pixels per metre.

const CLOSEST = 4;
/** How far out one can zoom beyond the whole map. */
const FURTHER = 1.5;

export class Camera {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.zoom = 0;
    this.width = 1;
    this.height = 1;
    this.least = -12;
  }

  get scale() {
    return 2 ** this.zoom;
  }

  resize(width, height) {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
  }

  /** Show a rectangle [m] whole; where there is room left, outside of what lies on the map's left and right side [px]. */
  fit([left, bottom, right, top], { margin = 0.06, closest = CLOSEST, beside = [0, 0] } = {}) {
    const room = 1 - 2 * margin;
    const wanted = Math.log2(
      Math.min((this.width * room) / Math.max(right - left, 1), (this.height * room) / Math.max(top - bottom, 1)),
    );
    const zoom = Math.min(wanted, closest);
    const free = Math.max(this.width - (right - left) * 2 ** zoom, 0);
    const shift = Math.max(Math.min(beside[0], free - beside[1]) - free / 2, 0);
    return { x: (left + right) / 2 - shift / 2 ** zoom, y: (bottom + top) / 2, zoom };
  }

  limit(bounds) {
    this.least = this.fit(bounds).zoom - FURTHER;
  }

  set({ x, y, zoom }) {
    this.x = x;
    this.y = y;
    this.zoom = Math.min(Math.max(zoom, this.least), CLOSEST);
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
  }

  /** Zoom so that what is under a pixel stays there. */
  zoomAt(px, py, steps) {
    const [x, y] = this.toMetres(px, py);
    this.set({ x: this.x, y: this.y, zoom: this.zoom + steps });
    const [nowX, nowY] = this.toMetres(px, py);
    this.x += x - nowX;
    this.y += y - nowY;
  }

  toMetres(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale];
  }

  toPixels(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  /** The state of a deck.gl view that shows a part of the map, from one x [px] to another. */
  stateOf(from, to) {
    const shift = ((from + to) / 2 - this.width / 2) / this.scale;
    return { target: [this.x + shift, this.y, 0], zoom: this.zoom };
  }
}
