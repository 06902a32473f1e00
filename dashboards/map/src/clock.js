// Time of the map: the whole period (null) or a moment [s of the simulated day]; plays by itself.

/** Seconds that an interval takes at single speed, where nothing moves. */
const INTERVAL_TAKES_S = 1.1;
/** Speeds to choose from, and the usual one: times the real one where vehicles move, else times an interval. */
const MOVING = { speeds: [5, 10, 30, 60, 120], usual: 30 };
/** The same where all is over within minutes: a scene is watched as it happens. */
const WATCHING = { speeds: [0.1, 0.25, 0.5, 1, 2, 4], usual: 1 };
export const SHORT_S = 120;
const STEPPING = { speeds: [0.5, 1, 2, 4, 8], usual: 1 };

export class Clock {
  /** @param {(time_s: number | null) => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.span = null;
    this.edges_s = [];
    /** Whether every second can be chosen, and whether play runs through all of them. */
    this.fine = false;
    this.smooth = false;
    this.time_s = null;
    this.hasWhole = true;
    this.chosen = { moving: MOVING.usual, watching: WATCHING.usual, stepping: STEPPING.usual };
    this.frame = 0;
  }

  set({ span, edges_s, fine, still, hasWhole }) {
    Object.assign(this, { span, edges_s, fine, smooth: fine && !still, hasWhole });
    if (!span) this.time_s = null;
    else if (this.time_s === null && !hasWhole) this.time_s = span[0];
    else if (this.time_s !== null) this.time_s = Math.min(Math.max(this.time_s, span[0]), span[1]);
    if (!span) this.pause();
  }

  /** Whether all is over within minutes. */
  get short() {
    return this.smooth && this.span[1] - this.span[0] <= SHORT_S;
  }

  get manner() {
    return this.short ? "watching" : this.smooth ? "moving" : "stepping";
  }

  get speeds() {
    return { watching: WATCHING, moving: MOVING, stepping: STEPPING }[this.manner].speeds;
  }

  get speed() {
    return this.chosen[this.manner];
  }

  pace(speed) {
    this.chosen[this.manner] = speed;
  }

  get playing() {
    return this.frame !== 0;
  }

  /** Steps of the slider and of the brackets [s]. */
  get stops() {
    if (this.edges_s.length > 1) return this.edges_s.slice(0, -1);
    const [from, to] = this.span;
    return Array.from({ length: 25 }, (_, i) => from + ((to - from) * i) / 24);
  }

  to(time_s) {
    if (!this.span) return;
    this.time_s = time_s === null ? null : Math.min(Math.max(time_s, this.span[0]), this.span[1]);
    this.changed(this.time_s);
  }

  step(by) {
    if (!this.span) return;
    const { stops } = this;
    if (this.time_s === null) return this.to(by > 0 ? stops[0] : stops.at(-1));
    let at = stops.findLastIndex((stop) => stop <= this.time_s + 1e-6);
    if (by < 0 && stops[at] < this.time_s - 1e-6) at++;
    this.to(stops[Math.min(Math.max(at + by, 0), stops.length - 1)]);
  }

  play() {
    if (!this.span || this.playing) return;
    if (this.time_s === null || this.time_s >= this.lastMoment) this.time_s = this.span[0];
    let before = performance.now();
    let carried = 0;
    const tick = (now) => {
      const passed = Math.min((now - before) / 1000, 0.25) * this.speed;
      before = now;
      if (this.smooth) this.to(this.time_s + passed);
      else {
        carried += passed;
        if (carried >= INTERVAL_TAKES_S) {
          carried = 0;
          if (this.time_s >= this.lastMoment) this.to(this.span[0]);
          else this.step(1);
        }
      }
      if (this.smooth && this.time_s >= this.span[1]) return this.pause();
      this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
    this.changed(this.time_s);
  }

  get lastMoment() {
    return this.smooth ? this.span[1] : this.stops.at(-1);
  }

  pause() {
    if (!this.playing) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.changed(this.time_s);
  }
}

/** 27000 s to "07:30", or to "07:30:00". */
export function clockText(time_s, seconds = false) {
  const whole = Math.floor(time_s + 1e-3);
  const parts = [Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, ...(seconds ? [whole % 60] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
