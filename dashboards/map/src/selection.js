// Which roads are selected, by people on the map and by Python.
import { edgeAt, edgesIn } from "./picking.js";

export class Selection {
  /** @param {(more: number, clickedAt: number[] | null) => void} changed Called when people changed it. */
  constructor(changed) {
    this.changed = changed;
    this.edges = new Set();
    /** Counts what people did; Python sends back how far it has seen. */
    this.number = 0;
    this.lastSaid = undefined;
  }

  ids(roads) {
    return [...this.edges].map((edge) => roads.ids[edge]);
  }

  restore(roads, ids) {
    this.edges = edgesOf(roads, ids);
  }

  /** What Python selects counts where it differs from what it said last, and knows what people did last. */
  take(roads, { selected, echo }, first) {
    const said = JSON.stringify(selected);
    const news = first ? selected !== null : said !== this.lastSaid;
    if (echo < this.number && !first) return false;
    this.lastSaid = said;
    if (!news || selected === null) return false;
    this.edges = edgesOf(roads, selected);
    return true;
  }

  click({ roads, plane }, camera, { x, y, shift }) {
    const edge = edgeAt(roads, camera, x, y);
    if (edge === null && shift) return;
    const now = new Set(shift ? this.edges : []);
    if (edge !== null) {
      if (shift && now.has(edge)) now.delete(edge);
      else now.add(edge);
    }
    this.set(now, 0, plane.toLonLat(...camera.toMetres(x, y)));
  }

  enclose({ roads }, camera, { corners, shift, most }) {
    const now = new Set(shift ? this.edges : []);
    let more = 0;
    for (const edge of edgesIn(roads, camera, corners)) {
      if (now.size < most || now.has(edge)) now.add(edge);
      else more++;
    }
    this.set(now, more, null);
  }

  clear() {
    if (this.edges.size) this.set(new Set(), 0, null);
  }

  set(edges, more, clickedAt) {
    this.edges = new Set([...edges].sort((a, b) => a - b));
    this.number++;
    this.changed(more, clickedAt);
  }
}

/** Known edges by their ids. */
export function edgesOf(roads, ids) {
  return new Set(ids.map((id) => roads?.place.get(id)).filter((edge) => edge !== undefined));
}
