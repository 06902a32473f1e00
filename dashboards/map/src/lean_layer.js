// What our three layers share. deck.gl's own layers are made for everything and take seconds to compile where no
// graphics card helps; these know only a flat map.
import { Layer } from "@deck.gl/core";
import { Model } from "@luma.gl/engine";

/** Later covers earlier; soft edges mix. */
const OVER = {
  depthCompare: "always",
  depthWriteEnabled: false,
  cullMode: "none",
  blend: true,
  blendColorOperation: "add",
  blendColorSrcFactor: "src-alpha",
  blendColorDstFactor: "one-minus-src-alpha",
  blendAlphaOperation: "add",
  blendAlphaSrcFactor: "one",
  blendAlphaDstFactor: "one-minus-src-alpha",
};

/** Uniforms of every layer: the flat map to clip space, and the size of a pixel there. */
const VIEW = {
  matrix: "mat4x4<f32>",
  tint: "vec4<f32>",
  dash: "vec4<f32>",
  pixel: "vec2<f32>",
  factor: "f32",
  extra: "f32",
  ratio: "f32",
  scale: "f32",
};
const BLOCK = `\
layout(std140) uniform flatUniforms {
  mat4 matrix;
  vec4 tint;
  vec4 dash;
  vec2 pixel;
  float factor;
  float extra;
  float ratio;
  float scale;
} flat_;
`;
const flat = { name: "flat", instanceName: "flat_", vs: BLOCK, fs: BLOCK, uniformTypes: VIEW };

export class LeanLayer extends Layer {
  /** @returns {{vs: string, fs: string, bufferLayout: object[], quads: boolean}} */
  shape() {
    throw new Error("a layer says what it is");
  }

  initializeState() {
    this.setState({ model: null, buffers: {}, sent: null, stale: false });
  }

  updateState({ props, oldProps }) {
    if (!props.count) return;
    const { device } = this.context;
    const { quads, ...shape } = this.shape();
    const wanted = quads ? { ...props.buffers, indices: cornersOf(props.count) } : props.buffers;
    for (const [name, array] of Object.entries(wanted)) {
      if (this.state.sent?.[name] === array) continue;
      this.put(name, quads && name !== "indices" ? fourfold(array, props.count) : array);
    }
    this.state.sent = wanted;
    if (!this.state.model) {
      const model = new Model(device, { id: props.id, ...shape, topology: "triangle-list", modules: [flat], parameters: OVER });
      this.setState({ model });
    }
    if (this.state.stale) this.attach();
  }

  put(name, array) {
    const { buffers } = this.state;
    if (buffers[name]?.byteLength === array.byteLength) {
      buffers[name].write(array);
      return;
    }
    buffers[name]?.destroy();
    buffers[name] = this.context.device.createBuffer(name === "indices" ? { data: array, usage: INDEX_USAGE } : { data: array });
    this.state.stale = true;
  }

  attach() {
    const { model, buffers } = this.state;
    const { indices, ...attributes } = buffers;
    model.setAttributes(attributes);
    if (indices) model.setIndexBuffer(indices);
    this.state.stale = false;
  }

  /** deck.gl's modules are not used. */
  setShaderModuleProps() {}

  draw() {
    const { model } = this.state;
    const { count, factor = 1, extra = 0, tint = null, dash = null } = this.props;
    if (!model || !count || !this.state.sent) return;
    const { viewport, device } = this.context;
    model.shaderInputs.setProps({
      flat: {
        matrix: viewport.viewProjectionMatrix,
        tint: tint ? [tint[0] / 255, tint[1] / 255, tint[2] / 255, (tint[3] ?? 255) / 255] : [0, 0, 0, 0],
        dash: dash ? [dash[0], dash[0] + dash[1], 0, 0] : [0, 0, 0, 0],
        pixel: [2 / viewport.width, 2 / viewport.height],
        factor,
        extra,
        ratio: device.canvasContext.cssToDeviceRatio(),
        scale: viewport.scale,
      },
    });
    model.setVertexCount(this.state.sent.indices.length);
    model.draw(this.context.renderPass);
  }

  finalizeState(context) {
    super.finalizeState(context);
    this.state.model?.destroy();
    for (const buffer of Object.values(this.state.buffers)) buffer.destroy();
  }
}

/** Drawn without a graphics card, every instance costs as much as a call of its own; so each corner is a vertex. */
const expanded = new WeakMap();
const corners = new Map();

/** The items of an array, each four times. */
function fourfold(array, count) {
  if (expanded.has(array)) return expanded.get(array);
  const size = array.length / count;
  const out = new array.constructor(array.length * 4);
  for (let item = 0; item < count; item++) {
    const one = array.subarray(item * size, (item + 1) * size);
    for (let copy = 0; copy < 4; copy++) out.set(one, (4 * item + copy) * size);
  }
  expanded.set(array, out);
  return out;
}

/** Two triangles for every four vertices. */
function cornersOf(count) {
  if (!corners.has(count)) {
    if (corners.size > 16) corners.clear();
    const out = new Uint32Array(6 * count);
    for (let item = 0; item < count; item++) out.set([0, 1, 2, 2, 1, 3].map((corner) => 4 * item + corner), 6 * item);
    corners.set(count, out);
  }
  return corners.get(count);
}

/** Buffer.INDEX | Buffer.COPY_DST of WebGPU's numbering, which luma.gl uses. */
const INDEX_USAGE = 0x10 | 0x08;

LeanLayer.layerName = "LeanLayer";
LeanLayer.defaultProps = {
  buffers: { type: "object", value: {}, compare: false },
  count: 0,
  factor: 1,
  extra: 0,
  tint: { type: "array", value: null, optional: true, compare: true },
  dash: { type: "array", value: null, optional: true, compare: true },
};
