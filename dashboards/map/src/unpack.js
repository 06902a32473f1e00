// Read the packed bytes of `trafficdiff/export/map_packing.py`.

const MAGIC = "TDM1";
const ID_FROM = 4;
const ID_LENGTH = 32;
const PLAIN = {
  uint8: Uint8Array,
  uint32: Uint32Array,
  float32: Float32Array,
};

/** The id of a blob, without unpacking it; null where it is none. */
export function idOf(bytes) {
  if (bytes.length < ID_FROM + ID_LENGTH || text(bytes.subarray(0, ID_FROM)) !== MAGIC) return null;
  return text(bytes.subarray(ID_FROM, ID_FROM + ID_LENGTH));
}

/** Header and arrays by name. Browsers bring their own zlib. */
export async function unpack(bytes) {
  const stream = new Blob([bytes.slice(ID_FROM + ID_LENGTH)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const content = await new Response(stream).arrayBuffer();
  const length = new DataView(content).getUint32(0, true);
  const header = JSON.parse(text(new Uint8Array(content, 4, length)));
  const from = 4 + length;
  const arrays = {};
  for (const [name, how] of Object.entries(header.arrays)) {
    const part = content.slice(from + how.from, from + how.from + how.bytes);
    arrays[name] = array(part, how);
  }
  return { header, arrays, shapes: Object.fromEntries(Object.entries(header.arrays).map(([n, how]) => [n, how.shape])) };
}

function array(part, how) {
  const count = how.shape.reduce((all, one) => all * one, 1);
  switch (how.packing) {
    case "plain":
      return new PLAIN[how.kind](part, 0, count);
    case "bits":
      return bits(new Uint8Array(part), count);
    case "half":
      return halves(new Uint8Array(part), count);
    case "steps":
      return steps(new Uint8Array(part), count, how.shape);
    default:
      throw new Error(`unknown packing ${how.packing}`);
  }
}

function bits(bytes, count) {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
  return out;
}

let halfTable = null;

function halves(bytes, count) {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, code) => half(code));
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = halfTable[bytes[i] | (bytes[count + i] << 8)];
  return out;
}

/** IEEE 754 binary16. */
function half(code) {
  const sign = code & 0x8000 ? -1 : 1;
  const exponent = (code >> 10) & 0x1f;
  const fraction = code & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Sum up differences along the last axis but one; the last axis has two items, x and y. */
function steps(bytes, count, shape) {
  const out = new Int32Array(count);
  const row = shape.at(-2) * 2;
  for (let i = 0; i < count; i++) {
    const step = bytes[i] | (bytes[count + i] << 8) | (bytes[2 * count + i] << 16) | (bytes[3 * count + i] << 24);
    out[i] = i % row < 2 ? step : out[i - 2] + step;
  }
  return out;
}

function text(bytes) {
  return new TextDecoder().decode(bytes);
}
