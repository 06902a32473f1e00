// Keep unpacked blobs by id for all maps of the page, and tell who waits for one.
import { idOf, unpack } from "./unpack.js";

/** Blobs that no map shows are forgotten beyond this number, the oldest first. */
const MOST_KEPT = 24;

const blobs = new Map();
const listeners = new Set();

/** Take in bytes; a blob that is known costs nothing. */
export function put(bytes) {
  const id = idOf(bytes);
  if (id === null || blobs.has(id)) return;
  blobs.set(id, null);
  unpack(bytes).then(
    (blob) => {
      blobs.set(id, blob);
      forgetOld();
      for (const listener of listeners) listener();
    },
    (fault) => {
      blobs.delete(id);
      console.error("the map cannot read its data", fault);
    },
  );
}

/** The blobs of these ids, or null while one is missing. */
export function get(ids) {
  const found = ids.map((id) => blobs.get(id) ?? null);
  if (found.includes(null)) return null;
  for (const id of ids) {
    const blob = blobs.get(id);
    blobs.delete(id);
    blobs.set(id, blob);
  }
  return found;
}

export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function forgetOld() {
  for (const id of blobs.keys()) {
    if (blobs.size <= MOST_KEPT) return;
    blobs.delete(id);
  }
}
