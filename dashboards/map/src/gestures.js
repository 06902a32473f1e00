// Turn pointers, wheel and keys on the map into moves and selections.

const CLICK_PX = 5;
const DOUBLE_MS = 320;
const WHEEL_STEP = 1 / 400;
const KEY_PX = 80;

/**
 * @param {HTMLElement} stage What listens.
 * @param {object} map `mode()`, `pan`, `zoomAt`, `hover`, `leave`, `click`, `outline`, `enclosed`, and what the keys do.
 */
export function listen(stage, map) {
  const pointers = new Map();
  let start = null;
  let corners = [];
  let lastClick = { time: 0, x: 0, y: 0 };

  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const dropShape = () => {
    corners = [];
    start = null;
    map.outline(null);
  };

  const down = (event) => {
    if (event.button !== 0 && event.pointerType === "mouse") return;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    const [x, y] = at(event);
    start = { x, y, moved: false, shift: event.shiftKey };
  };

  const move = (event) => {
    const [x, y] = at(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (map.mode() === "polygon" && corners.length) map.outline([...corners, [x, y]]);
      return map.hover(x, y);
    }
    if (pointers.size === 2) {
      pinch(event.pointerId, [x, y]);
      return;
    }
    pointers.set(event.pointerId, [x, y]);
    if (!start) return;
    if (!start.moved && Math.hypot(x - start.x, y - start.y) < CLICK_PX) return;
    const first = !start.moved;
    start.moved = true;
    if (map.mode() === "box") map.outline(rectangle(start, { x, y }));
    else map.pan(x - (first ? start.x : before[0]), y - (first ? start.y : before[1]));
    map.leave();
  };

  const pinch = (id, now) => {
    const [other] = [...pointers].filter(([one]) => one !== id).map(([, place]) => place);
    const before = pointers.get(id);
    const ratio = Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.max(Math.hypot(before[0] - other[0], before[1] - other[1]), 1);
    map.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    map.zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, Math.log2(Math.max(ratio, 0.01)));
    pointers.set(id, now);
    if (start) start.moved = true;
  };

  const up = (event) => {
    const wasTwo = pointers.size > 1;
    pointers.delete(event.pointerId);
    if (!start || wasTwo) return;
    const { moved, x: fromX, y: fromY } = start;
    const [x, y] = at(event);
    const shape = rectangle(start, { x, y });
    start = null;
    if (moved) {
      if (map.mode() === "box") {
        map.outline(null);
        map.enclosed(shape, event.shiftKey);
      } else map.moved();
      return;
    }
    const double = event.timeStamp - lastClick.time < DOUBLE_MS && Math.hypot(fromX - lastClick.x, fromY - lastClick.y) < 2 * CLICK_PX;
    lastClick = { time: event.timeStamp, x: fromX, y: fromY };
    if (map.mode() === "polygon") corner([fromX, fromY], double, event.shiftKey);
    else if (double && map.mode() === "none") zoomIn([fromX, fromY], event.shiftKey);
    else map.click(fromX, fromY, event.shiftKey);
  };

  const corner = (place, double, shift) => {
    if (!double) corners.push(place);
    if (double && corners.length >= 3) close(shift);
    else map.outline(corners);
  };

  const close = (shift) => {
    const shape = corners;
    dropShape();
    if (shape.length >= 3) map.enclosed(shape, shift);
  };

  const zoomIn = ([x, y], shift) => {
    map.zoomAt(x, y, shift ? -1 : 1);
    map.moved();
  };

  const cancel = (event) => {
    pointers.delete(event.pointerId);
    start = null;
    map.outline(null);
  };

  const wheel = (event) => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 24 : 1;
    const step = -event.deltaY * unit * WHEEL_STEP * (event.ctrlKey ? 4 : 1);
    map.zoomAt(...at(event), Math.min(Math.max(step, -1), 1));
    map.moved();
  };

  const key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = {
      ArrowLeft: () => map.pan(KEY_PX, 0),
      ArrowRight: () => map.pan(-KEY_PX, 0),
      ArrowUp: () => map.pan(0, KEY_PX),
      ArrowDown: () => map.pan(0, -KEY_PX),
      "+": () => map.zoomBy(0.5),
      "=": () => map.zoomBy(0.5),
      "-": () => map.zoomBy(-0.5),
      "0": () => map.showWhole(),
      " ": () => map.playOrPause(),
      "[": () => map.stepTime(-1),
      "]": () => map.stepTime(1),
      Enter: () => (corners.length >= 3 ? close(event.shiftKey) : map.clickMiddle(event.shiftKey)),
      Escape: () => (corners.length || start ? dropShape() : map.clearSelection()),
    };
    const act = moves[event.key];
    if (!act) return;
    // Streamlit listens for single letters on the whole page.
    event.preventDefault();
    event.stopPropagation();
    act();
    if (event.key.startsWith("Arrow") || "+=-".includes(event.key)) map.moved();
  };

  const listeners = {
    pointerdown: down,
    pointermove: move,
    pointerup: up,
    pointercancel: cancel,
    pointerleave: () => map.leave(),
    keydown: key,
  };
  for (const [name, listener] of Object.entries(listeners)) stage.addEventListener(name, listener);
  stage.addEventListener("wheel", wheel, { passive: false });
  return { dropShape };
}

function rectangle(a, b) {
  return [
    [a.x, a.y],
    [b.x, a.y],
    [b.x, b.y],
    [a.x, b.y],
  ];
}
