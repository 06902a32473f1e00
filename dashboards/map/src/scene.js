// Join the parts of several blobs into what one map shows, in metres around the middle of the roads.
import { Plane } from "./plane.js";

export class Scene {
  constructor(blobs) {
    this.roads = null;
    this.layers = new Map();
    /** Moving vehicles of the picture, and of the one beside it. */
    this.fleets = { vehicles: null, vehicles_beside: null };
    this.background = null;
    this.points = new Map();
    this.plane = planeOf(blobs);
    for (const blob of blobs) {
      if (blob.header.roads) this.roads = new Roads(blob, this.plane);
      for (const name of Object.keys(blob.header.values ?? {})) this.layers.set(name, new Layer(blob, name));
      for (const name of Object.keys(this.fleets)) if (blob.header[name]) this.fleets[name] = new Vehicles(blob, name, this.plane);
      if (blob.header.background) this.background = backgroundOf(blob, this.plane);
      for (const name of Object.keys(blob.header.points ?? {})) this.points.set(name, pointsOf(blob, name, this.plane));
    }
    this.bounds = boundsOf(this.roads?.xy ?? this.background?.areas.xy ?? new Float32Array([-500, -500, 500, 500]));
  }

  /** The fleets that there are. */
  get moving() {
    return Object.values(this.fleets).filter((fleet) => fleet?.count);
  }

  /** Begin and end of the time slider [s], or null. */
  get span() {
    let [from, to] = [Infinity, -Infinity];
    for (const layer of this.layers.values()) {
      if (!layer.intervals) continue;
      from = Math.min(from, layer.edges_s[0]);
      to = Math.max(to, layer.edges_s.at(-1));
    }
    for (const { times_s } of this.moving) {
      from = Math.min(from, times_s[0]);
      to = Math.max(to, times_s.at(-1));
    }
    return from < to ? [from, to] : null;
  }
}

class Roads {
  constructor({ header, arrays }, plane) {
    this.ids = header.roads.ids;
    this.count = this.ids.length;
    this.names = header.roads.names;
    this.leftHand = header.roads.left_hand;
    this.xy = plane.metres(arrays["roads.xy"]);
    this.offsets = arrays["roads.offsets"];
    this.name = arrays["roads.name"];
    this.rank = arrays["roads.rank"];
    this.twoWay = arrays["roads.two_way"];
    this.place = new Map(this.ids.map((id, edge) => [id, edge]));
    this.middles = middlesOf(this);
    this.boxes = boxesOf(this);
  }

  /** How far an edge is drawn beside its line, in its own width: positive is to the right of the driving direction. */
  sideOf(edge) {
    return this.twoWay[edge] ? (this.leftHand ? -0.5 : 0.5) : 0;
  }

  nameOf(edge) {
    return this.names[this.name[edge]];
  }
}

/** Values of one quantity: `at(interval, edge)`. */
class Layer {
  constructor({ header, arrays, shapes }, name) {
    const { factor, interval_edges_s } = header.values[name];
    const shape = shapes[`values.${name}.value`];
    this.factor = factor;
    this.edges_s = interval_edges_s;
    this.intervals = shape.length === 2 ? shape[0] : 0;
    this.count = shape.at(-1);
    this.value = arrays[`values.${name}.value`];
    this.low = arrays[`values.${name}.low`] ?? null;
    this.high = arrays[`values.${name}.high`] ?? null;
    this.shown = arrays[`values.${name}.shown`] ?? null;
  }

  /** The least and the largest value that can be told from chance. */
  get range() {
    if (!this.found) {
      let [least, most] = [Infinity, -Infinity];
      for (let i = 0; i < this.value.length; i++) {
        if (this.shown && !this.shown[i]) continue;
        if (this.value[i] < least) least = this.value[i];
        if (this.value[i] > most) most = this.value[i];
      }
      this.found = [least * this.factor, most * this.factor];
    }
    return this.found;
  }

  row(interval) {
    return this.intervals ? Math.min(Math.max(interval, 0), this.intervals - 1) * this.count : 0;
  }

  /** Index of the interval that holds a time. */
  intervalAt(time_s) {
    if (!this.intervals) return null;
    let interval = 0;
    while (interval + 1 < this.intervals && this.edges_s[interval + 1] <= time_s) interval++;
    return interval;
  }
}

class Vehicles {
  constructor({ header, arrays, shapes }, name, plane) {
    this.times_s = header[name].times_s;
    this.count = shapes[`${name}.seen`][0];
    this.steps = this.times_s.length;
    this.seen = arrays[`${name}.seen`];
    this.kind = arrays[`${name}.kind`];
    this.xy = plane.metres(arrays[`${name}.xy`], 27);
  }

  /** When half as many are on the road as ever are at once [s]: a time worth looking at. */
  get busyFrom_s() {
    const on = new Uint32Array(this.steps);
    for (let i = 0; i < this.seen.length; i++) on[i % this.steps] += this.seen[i];
    const half = on.reduce((most, one) => Math.max(most, one), 0) / 2;
    return this.times_s[on.findIndex((count) => count >= half)];
  }
}

function planeOf(blobs) {
  for (const blob of blobs) {
    for (const name of ["roads.xy", "areas.xy"]) {
      const xy = blob.arrays[name];
      if (!xy?.length) continue;
      const [left, top, right, bottom] = boundsOf(xy);
      return new Plane(Math.round((left + right) / 2), Math.round((top + bottom) / 2));
    }
  }
  return new Plane(2 ** 29, 2 ** 29);
}

function boundsOf(xy) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < xy.length; i += 2) {
    bounds[0] = Math.min(bounds[0], xy[i]);
    bounds[1] = Math.min(bounds[1], xy[i + 1]);
    bounds[2] = Math.max(bounds[2], xy[i]);
    bounds[3] = Math.max(bounds[3], xy[i + 1]);
  }
  return bounds;
}

/** The point half-way along every edge. */
function middlesOf({ count, offsets, xy }) {
  const out = new Float32Array(count * 2);
  for (let edge = 0; edge < count; edge++) {
    let length = 0;
    for (let p = offsets[edge] + 1; p < offsets[edge + 1]; p++) length += stretch(xy, p);
    let rest = length / 2;
    for (let p = offsets[edge] + 1; p < offsets[edge + 1]; p++) {
      const one = stretch(xy, p);
      if (rest <= one || p === offsets[edge + 1] - 1) {
        const share = one > 0 ? Math.min(rest / one, 1) : 0;
        out[2 * edge] = xy[2 * p - 2] + share * (xy[2 * p] - xy[2 * p - 2]);
        out[2 * edge + 1] = xy[2 * p - 1] + share * (xy[2 * p + 1] - xy[2 * p - 1]);
        break;
      }
      rest -= one;
    }
  }
  return out;
}

function stretch(xy, p) {
  return Math.hypot(xy[2 * p] - xy[2 * p - 2], xy[2 * p + 1] - xy[2 * p - 1]);
}

function boxesOf({ count, offsets, xy }) {
  const out = new Float32Array(count * 4);
  for (let edge = 0; edge < count; edge++) {
    out.set(boundsOf(xy.subarray(2 * offsets[edge], 2 * offsets[edge + 1])), 4 * edge);
  }
  return out;
}

function backgroundOf({ header, arrays }, plane) {
  return {
    areas: {
      xy: plane.metres(arrays["areas.xy"]),
      offsets: arrays["areas.offsets"],
      rings: arrays["areas.rings"],
      kind: arrays["areas.kind"],
    },
    lines: {
      xy: plane.metres(arrays["lines.xy"]),
      offsets: arrays["lines.offsets"],
      kind: arrays["lines.kind"],
    },
    places: header.background.places.map(([name, kind], place) => ({ name, kind, place })),
    placesXy: plane.metres(arrays["places.xy"]),
  };
}

function pointsOf({ header, arrays }, name, plane) {
  return {
    xy: plane.metres(arrays[`points.${name}.xy`]),
    value: arrays[`points.${name}.value`] ?? null,
    level: arrays[`points.${name}.level`] ?? null,
    labels: header.points[name].labels,
  };
}
