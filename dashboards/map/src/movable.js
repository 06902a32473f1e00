// What moves the view of a map: pointers, keys, buttons, flights, and the room that the page gives it.
import { Address } from "./address.js";
import { Camera } from "./camera.js";
import { fly } from "./flight.js";

/** Room [px] that the legend and the buttons take at the sides of a map. */
const LEGEND_PX = 250;
const TOOLS_PX = 52;
/** A map narrower than this begins with its legend folded. */
const NARROW_PX = 480;

/** A map has `scene`, `config`, `chrome` and `draw()`; it says where it was looked at last by `lastLook`. */
export class Movable {
  constructor() {
    this.camera = new Camera();
    this.address = new Address();
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Longitude, latitude and zoom of the middle. */
  get position() {
    const { plane } = this.scene;
    return [...plane.toLonLat(this.camera.x, this.camera.y), this.camera.zoom + plane.zoomShift];
  }

  look([lon, lat, zoom]) {
    const { plane } = this.scene;
    const [x, y] = plane.fromLonLat(lon, lat);
    this.camera.set({ x, y, zoom: zoom - plane.zoomShift });
  }

  /** The whole city, beside the legend where there is room for both. */
  get whole() {
    return this.camera.fit(this.scene.bounds, { beside: [LEGEND_PX, TOOLS_PX] });
  }

  /** Where the middle of the city lies on the map: 0 is its left end, 1 its right; half-way for a part of it. */
  get middle() {
    const [left, , right] = this.scene.bounds;
    if ((right - left) * this.camera.scale > this.camera.width) return 0.5;
    const [x] = this.camera.toPixels((left + right) / 2, 0);
    return Math.min(Math.max(x / this.camera.width, 0.2), 0.8);
  }

  resized() {
    const { clientWidth, clientHeight } = this.chrome.frame;
    if (!clientWidth || !clientHeight) return;
    this.camera.resize(clientWidth, clientHeight);
    if (this.scene && !this.sized) this.firstSize();
    this.draw();
  }

  /** The map may be laid out only after its data came. */
  firstSize() {
    this.sized = true;
    if (this.camera.width < NARROW_PX) this.chrome.legend.open = false;
    this.camera.limit(this.scene.bounds);
    if (!this.lastLook && !this.config.position) this.camera.set(this.whole);
  }

  pan(dx, dy) {
    this.flight = null;
    this.camera.pan(dx, dy);
    this.draw();
  }

  zoomAt(x, y, steps) {
    this.flight = null;
    this.camera.zoomAt(x, y, steps);
    this.draw();
  }

  zoomBy(steps) {
    const { camera } = this;
    this.fly({ x: camera.x, y: camera.y, zoom: camera.zoom + steps });
  }

  showWhole() {
    if (this.scene) this.fly(this.whole);
  }

  fly(to) {
    this.flight = fly(this.camera, to, {
      still: this.still.matches,
      going: (flight) => this.flight === flight,
      moved: () => this.draw(),
      there: () => this.moved(),
    });
  }

  moved() {
    const { url_key: key } = this.config;
    if (key && this.scene) this.address.say(key, this.position);
  }
}
