// What moves the time of a map: slider, buttons, keys, and play.
import { Clock } from "./clock.js";
import { Movable } from "./movable.js";
import { rowOf } from "./paint.js";

/** A map has `chrome`, `pointer` and `draw()`, and pictures that follow the time. */
export class Timed extends Movable {
  constructor() {
    super();
    this.clock = new Clock(() => this.timeChanged());
  }

  /** Vehicles that come to a map without a moment begin where something moves. */
  setOutVehicles() {
    const [fleet] = this.scene.moving;
    if (fleet && !this.hadVehicles && this.clock.time_s === null) this.clock.time_s = fleet.busyFrom_s;
    this.hadVehicles = Boolean(fleet);
  }

  timeChanged() {
    this.showTime();
    this.draw();
    this.pointer.look(this);
  }

  toTime(time_s) {
    this.clock.pause();
    this.clock.to(time_s);
  }

  stepTime(by) {
    this.clock.pause();
    this.clock.step(by);
  }

  playOrPause() {
    if (this.clock.playing) this.clock.pause();
    else this.clock.play();
  }

  setSpeed(speed) {
    this.clock.pace(speed);
  }

  showTime() {
    const row = this.scene && rowOf(this.scene, this.config.picture, this.clock.time_s);
    const interval = row?.layer.intervalAt(this.clock.time_s ?? -Infinity);
    const known = interval !== null && interval !== undefined && this.clock.time_s !== null;
    this.chrome.showTime(this.clock, known ? [row.layer.edges_s[interval], row.layer.edges_s[interval + 1]] : null);
  }
}
