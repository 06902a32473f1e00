// Turn Web Mercator counts into metres around the middle of the city, and back into longitude, latitude and zoom.

/** Counts across the world; see `trafficdiff/export/map_data.py`. */
export const WORLD = 2 ** 30;
/** Circumference of the earth at the equator, WGS 84 [m]. */
const CIRCUMFERENCE_M = 2 * Math.PI * 6378137;
/** Width of the world at zoom 0 [px], as web maps count zooms. */
const TILE_PX = 512;

export class Plane {
  /** @param {number} x @param {number} y Middle [counts]. */
  constructor(x, y) {
    this.x = x;
    this.y = y;
    this.latitude = latitudeOf(y / WORLD);
    this.metresPerCount = (CIRCUMFERENCE_M * Math.cos((this.latitude * Math.PI) / 180)) / WORLD;
    /** Zoom of web maps less log2 of pixels per metre. */
    this.zoomShift = Math.log2((CIRCUMFERENCE_M * Math.cos((this.latitude * Math.PI) / 180)) / TILE_PX);
  }

  /** Pairs of counts to pairs of metres, north up. `bits` are those of the counts. */
  metres(counts, bits = 30) {
    const finer = 2 ** (30 - bits);
    const out = new Float32Array(counts.length);
    for (let i = 0; i < counts.length; i += 2) {
      out[i] = (counts[i] * finer - this.x) * this.metresPerCount;
      out[i + 1] = (this.y - counts[i + 1] * finer) * this.metresPerCount;
    }
    return out;
  }

  toLonLat(x, y) {
    const worldX = (x / this.metresPerCount + this.x) / WORLD;
    const worldY = (this.y - y / this.metresPerCount) / WORLD;
    return [(worldX - 0.5) * 360, latitudeOf(worldY)];
  }

  fromLonLat(lon, lat) {
    const radians = (lat * Math.PI) / 180;
    const worldX = lon / 360 + 0.5;
    const worldY = 0.5 - Math.asinh(Math.tan(radians)) / (2 * Math.PI);
    return [(worldX * WORLD - this.x) * this.metresPerCount, (this.y - worldY * WORLD) * this.metresPerCount];
  }
}

function latitudeOf(worldY) {
  return (Math.atan(Math.sinh((0.5 - worldY) * 2 * Math.PI)) * 180) / Math.PI;
}
