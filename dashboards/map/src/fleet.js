// Moving vehicles: where each one is at a time between two steps.
import { SHORT_S } from "./clock.js";
import { KINDS } from "./colours.js";

const RADIUS_PX = 2.6;
/** Of those of a scene, which is looked at from near. */
const NEAR_RADIUS_PX = 4;

export class Fleet {
  constructor(vehicles) {
    this.vehicles = vehicles;
    this.count = vehicles.count;
    this.colours = new Map();
  }

  colourFor(ground) {
    if (!this.colours.has(ground)) {
      const out = new Uint8Array(4 * this.count);
      for (let v = 0; v < this.count; v++) out.set([...(KINDS[this.vehicles.kind[v]] ?? ground.vehicle), 235], 4 * v);
      this.colours.set(ground, out);
    }
    return this.colours.get(ground);
  }

  /** Move all vehicles to a time [s]; where one is seen at only one of the two steps, it stands there. */
  move(time_s) {
    // New arrays, so that the graphics card takes note.
    this.position = new Float32Array(2 * this.count);
    this.radius = new Float32Array(this.count);
    const { times_s, steps, xy, seen } = this.vehicles;
    const radius_px = times_s[steps - 1] - times_s[0] <= SHORT_S ? NEAR_RADIUS_PX : RADIUS_PX;
    const away = time_s < times_s[0] || time_s > times_s[steps - 1];
    let step = 0;
    while (step + 2 < steps && times_s[step + 1] <= time_s) step++;
    const next = Math.min(step + 1, steps - 1);
    const share = next > step ? Math.min(Math.max((time_s - times_s[step]) / (times_s[next] - times_s[step]), 0), 1) : 0;
    for (let v = 0; v < this.count; v++) {
      const [a, b] = [v * steps + step, v * steps + next];
      const part = seen[a] && seen[b] ? share : seen[b] ? 1 : 0;
      this.position[2 * v] = xy[2 * a] + part * (xy[2 * b] - xy[2 * a]);
      this.position[2 * v + 1] = xy[2 * a + 1] + part * (xy[2 * b + 1] - xy[2 * a + 1]);
      this.radius[v] = !away && (share < 0.5 ? seen[a] : seen[b]) ? radius_px : 0;
    }
  }
}
