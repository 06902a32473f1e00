// Move the camera smoothly; at once for people who want less motion.

const FLIGHT_MS = 450;

/** Fly somewhere as long as `going`; returns what identifies the flight. */
export function fly(camera, to, { still, going, moved, there }) {
  const flight = {};
  if (still) {
    camera.set(to);
    moved();
    there();
    return flight;
  }
  const from = { x: camera.x, y: camera.y, zoom: camera.zoom };
  const begin = performance.now();
  const tick = (now) => {
    if (!going(flight)) return;
    const passed = Math.min(Math.max((now - begin) / FLIGHT_MS, 0), 1);
    const share = passed * passed * (3 - 2 * passed);
    const mix = (name) => from[name] + share * (to[name] - from[name]);
    camera.set({ x: mix("x"), y: mix("y"), zoom: mix("zoom") });
    moved();
    if (passed < 1) requestAnimationFrame(tick);
    else there();
  };
  requestAnimationFrame(tick);
  return flight;
}
