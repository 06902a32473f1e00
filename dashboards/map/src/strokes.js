// Cut lines into the segments that the graphics card draws, 9 numbers each.
//
//     ax ay bx by     the ends [m]
//     pax pay pbx pby where the ends move when the line is drawn beside itself, in its width
//     along           how far along the line the segment begins [m]

export const NUMBERS = 9;
/** Longest move of a corner, in moves of a straight line. */
const MITRE_LIMIT = 1.6;

/** Segments of some lines, and which of `chosen` each one belongs to. `sideOf` says how far a line is drawn beside itself. */
export function segmentsOf({ xy, offsets }, chosen, sideOf = () => 0) {
  let count = 0;
  for (const line of chosen) count += offsets[line + 1] - offsets[line] - 1;
  const segments = new Float32Array(count * NUMBERS);
  const owner = new Uint32Array(count);
  let to = 0;
  for (let place = 0; place < chosen.length; place++) {
    const line = chosen[place];
    const [from, end] = [offsets[line], offsets[line + 1]];
    const side = sideOf(line);
    let along = 0;
    for (let p = from; p + 1 < end; p++) {
      const [ax, ay, bx, by] = [xy[2 * p], xy[2 * p + 1], xy[2 * p + 2], xy[2 * p + 3]];
      const first = to * NUMBERS;
      segments.set([ax, ay, bx, by], first);
      if (side) {
        segments.set(moved(xy, from, end, p, side), first + 4);
        segments.set(moved(xy, from, end, p + 1, side), first + 6);
      }
      segments[first + 8] = along;
      along += Math.hypot(bx - ax, by - ay);
      owner[to++] = place;
    }
  }
  return { segments, owner, count };
}

/** Where a corner moves: half-way between the normals of its two segments, so that the line stays one. */
function moved(xy, from, end, p, side) {
  const before = p > from ? right(xy, p - 1) : null;
  const after = p + 1 < end ? right(xy, p) : null;
  const [x, y] = before && after ? [before[0] + after[0], before[1] + after[1]] : (before ?? after);
  const size = Math.hypot(x, y) || 1;
  const straight = before ?? after;
  const cosine = Math.max((x * straight[0] + y * straight[1]) / size, 1 / MITRE_LIMIT);
  return [(side * x) / size / cosine, (side * y) / size / cosine];
}

/** The unit vector to the right of a segment. */
function right(xy, p) {
  const [dx, dy] = [xy[2 * p + 2] - xy[2 * p], xy[2 * p + 3] - xy[2 * p + 1]];
  const size = Math.hypot(dx, dy) || 1;
  return [dy / size, -dx / size];
}
