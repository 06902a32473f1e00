// Colours of ground, roads and values, for light and for dark pages.

const GROUNDS = {
  light: {
    land: [246, 245, 241],
    areas: [[221, 233, 211], [198, 221, 234], [230, 226, 219]],
    areaAlpha: 255,
    lines: [[170, 202, 222], [196, 192, 188]],
    casing: [255, 255, 255],
    plain: [138, 144, 152],
    noData: [203, 204, 206],
    chance: [158, 160, 163],
    mark: [24, 24, 27],
    unmatched: [122, 75, 30],
    sketch: [0, 110, 230],
    selected: [0, 140, 255],
    vehicle: [20, 24, 32],
    vehicleRim: [255, 255, 255],
    label: "#5b5f66",
    halo: "rgba(255,255,255,.85)",
  },
  dark: {
    land: [17, 20, 26],
    areas: [[24, 36, 30], [20, 38, 54], [29, 33, 40]],
    areaAlpha: 255,
    lines: [[30, 56, 76], [58, 60, 66]],
    casing: [9, 11, 15],
    plain: [122, 131, 143],
    noData: [56, 62, 71],
    chance: [98, 105, 115],
    mark: [244, 244, 245],
    unmatched: [214, 164, 110],
    sketch: [96, 178, 255],
    selected: [64, 190, 255],
    vehicle: [255, 255, 255],
    vehicleRim: [10, 12, 16],
    label: "#a7aeb8",
    halo: "rgba(10,12,16,.85)",
  },
};

/** Colours of kinds of vehicles and points: Okabe and Ito, safe for colour-blind readers. */
export const KINDS = [null, [0, 158, 115], [213, 94, 0], [86, 180, 233], [204, 121, 167], [230, 159, 0], [0, 114, 178]];

export function groundOf(dark) {
  return dark ? GROUNDS.dark : GROUNDS.light;
}

/** Whether a CSS colour is nearer to black than to white. */
export function isDark(css) {
  const parts = css.match(/[\d.]+/g);
  let rgb = parts?.slice(0, 3).map(Number) ?? [255, 255, 255];
  const hex = css.trim().match(/^#([0-9a-f]{3,8})$/i)?.[1];
  if (hex) rgb = hex.length < 6 ? [...hex.slice(0, 3)].map((c) => parseInt(c + c, 16)) : hexTriple(hex);
  return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2] < 128;
}

function hexTriple(hex) {
  return [0, 2, 4].map((from) => parseInt(hex.slice(from, from + 2), 16));
}

/** 256 colours between the given ones, 3 bytes each. */
export function tableOf(palette) {
  const stops = palette.match(/.{6}/g).map(hexTriple);
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) table[3 * i + c] = Math.round(stops[low][c] + (at - low) * (stops[low + 1][c] - stops[low][c]));
  }
  return table;
}

export function css([r, g, b], alpha = 1) {
  return alpha < 1 ? `rgba(${r},${g},${b},${alpha})` : `rgb(${r},${g},${b})`;
}

export function gradientOf(palette) {
  return `linear-gradient(to right, ${palette
    .match(/.{6}/g)
    .map((hex) => `#${hex}`)
    .join(", ")})`;
}

export function paletteOf(palettes, picture, dark) {
  return palettes[dark ? `${picture.palette}_dark` : picture.palette];
}
