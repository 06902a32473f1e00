// The three shapes of the map: filled areas, lines, discs.
import { LeanLayer } from "./lean_layer.js";
import { NUMBERS } from "./strokes.js";

/** Triangles. Buffers: `xy`, `colours` (4 bytes a vertex), `indices`. */
export class AreaLayer extends LeanLayer {
  shape() {
    return {
      vs: `#version 300 es
in vec2 xy;
in vec4 colours;
out vec4 colour;
void main() {
  colour = colours;
  gl_Position = vec4((flat_.matrix * vec4(xy, 0.0, 1.0)).xy, 0.0, 1.0);
}`,
      fs: `#version 300 es
precision highp float;
in vec4 colour;
out vec4 shown;
void main() { shown = colour; }`,
      bufferLayout: [
        { name: "xy", format: "float32x2" },
        { name: "colours", format: "unorm8x4" },
      ],
      quads: false,
    };
  }
}
AreaLayer.layerName = "AreaLayer";

/**
 * Lines with round ends, each segment for itself. Buffers: `segments` (see strokes.js), `colours`, `widths` [px].
 * `factor` widens all, `extra` [px] all alike; `tint` takes the place of the colours; `dash`: length and gap, in widths.
 */
export class LineLayer extends LeanLayer {
  shape() {
    return {
      vs: `#version 300 es
in vec4 ends;
in vec4 beside;
in float along;
in vec4 colours;
in float widths;
out vec4 colour;
out vec4 place;
out float halfWidth;
void main() {
  float base = widths * flat_.factor;
  float full = base + flat_.extra * flat_.factor;
  vec2 a = (flat_.matrix * vec4(ends.xy, 0.0, 1.0)).xy / flat_.pixel + beside.xy * base;
  vec2 b = (flat_.matrix * vec4(ends.zw, 0.0, 1.0)).xy / flat_.pixel + beside.zw * base;
  float size = length(b - a);
  vec2 ahead = size > 0.0 ? (b - a) / size : vec2(1.0, 0.0);
  float reach = full * 0.5 + 1.0;
  int corner = gl_VertexID & 3;
  float end = float(corner & 1);
  float side = float(corner >> 1) * 2.0 - 1.0;
  float forward = mix(-reach, size + reach, end);
  vec2 at = a + ahead * forward + vec2(-ahead.y, ahead.x) * side * reach;
  colour = flat_.tint.a > 0.0 ? flat_.tint : colours;
  place = vec4(forward, side * reach, size, along * flat_.scale);
  gl_Position = colours.a > 0.0 || flat_.tint.a > 0.0 ? vec4(at * flat_.pixel, 0.0, 1.0) : vec4(2.0, 2.0, 0.0, 1.0);
  halfWidth = full * 0.5;
}`,
      fs: `#version 300 es
precision highp float;
in vec4 colour;
in vec4 place;
in float halfWidth;
out vec4 shown;
void main() {
  float beyond = place.x - clamp(place.x, 0.0, place.z);
  float alpha = clamp(0.5 + (halfWidth - length(vec2(beyond, place.y))) * flat_.ratio, 0.0, 1.0);
  if (flat_.dash.y > 0.0) {
    float width = halfWidth * 2.0;
    float phase = mod(place.w + place.x, flat_.dash.y * width);
    alpha *= clamp(0.5 + (flat_.dash.x * width - phase) * flat_.ratio, 0.0, 1.0) * step(abs(beyond), 0.001);
  }
  if (alpha <= 0.0) discard;
  shown = vec4(colour.rgb, colour.a * alpha);
}`,
      bufferLayout: [
        {
          name: "segments",
          byteStride: NUMBERS * 4,
          attributes: [
            { attribute: "ends", format: "float32x4", byteOffset: 0 },
            { attribute: "beside", format: "float32x4", byteOffset: 16 },
            { attribute: "along", format: "float32", byteOffset: 32 },
          ],
        },
        { name: "colours", format: "unorm8x4" },
        { name: "widths", format: "float32" },
      ],
      quads: true,
    };
  }
}
LineLayer.layerName = "LineLayer";

/** Discs with a rim in the tint. Buffers: `xy`, `radii` [px], `colours`. */
export class DiscLayer extends LeanLayer {
  shape() {
    return {
      vs: `#version 300 es
in vec2 xy;
in float radii;
in vec4 colours;
out vec4 colour;
out vec2 place;
out float radius;
void main() {
  radius = radii * flat_.factor;
  int number = gl_VertexID & 3;
  vec2 corner = vec2(float(number & 1), float(number >> 1)) * 2.0 - 1.0;
  place = corner * (radius + flat_.extra + 1.0);
  colour = colours;
  vec2 middle = (flat_.matrix * vec4(xy, 0.0, 1.0)).xy;
  gl_Position = radii > 0.0 ? vec4(middle + place * flat_.pixel, 0.0, 1.0) : vec4(2.0, 2.0, 0.0, 1.0);
}`,
      fs: `#version 300 es
precision highp float;
in vec4 colour;
in vec2 place;
in float radius;
out vec4 shown;
void main() {
  float far = length(place);
  float inside = clamp(0.5 + (radius - far) * flat_.ratio, 0.0, 1.0);
  float alpha = clamp(0.5 + (radius + flat_.extra - far) * flat_.ratio, 0.0, 1.0);
  if (alpha <= 0.0) discard;
  shown = vec4(mix(flat_.tint.rgb, colour.rgb, inside), alpha * mix(flat_.tint.a, colour.a, inside));
}`,
      bufferLayout: [
        { name: "xy", format: "float32x2" },
        { name: "radii", format: "float32" },
        { name: "colours", format: "unorm8x4" },
      ],
      quads: true,
    };
  }
}
DiscLayer.layerName = "DiscLayer";
