// What is under the pointer: looked up once a frame at most.
import { edgeAt, pointAt } from "./picking.js";

export class Hover {
  /** @param {(found: {edge: number | null, point: object | null, x: number, y: number} | null) => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.place = null;
    this.frame = 0;
  }

  move(x, y, look) {
    this.place = [x, y];
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.look(look);
    });
  }

  /** Look again, for instance because time went on. */
  look({ scene, camera, config }) {
    if (!this.place || !scene) return;
    const [x, y] = this.place;
    const shown = Object.keys(config.points).filter((name) => scene.points.has(name));
    const point = pointAt(new Map(shown.map((name) => [name, scene.points.get(name)])), camera, x, y);
    const edge = point === null && scene.roads ? edgeAt(scene.roads, camera, x, y) : null;
    this.changed({ edge, point, x, y });
  }

  leave() {
    this.place = null;
    this.changed(null);
  }
}
