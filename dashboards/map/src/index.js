// What Streamlit calls: once for every blob of data, and once for the map itself, again at every change.
import { RoadMap } from "./map.js";
import { put } from "./store.js";

const maps = new WeakMap();

export default function show({ data, parentElement, setStateValue }) {
  if (data instanceof Uint8Array) {
    put(data);
    return undefined;
  }
  if (!data) return undefined;
  let map = maps.get(parentElement);
  if (!map) {
    map = new RoadMap(parentElement, data);
    maps.set(parentElement, map);
  }
  map.update(data, (event) => setStateValue("event", event));
  return () => {
    map.stop();
    maps.delete(parentElement);
  };
}
