// Draw a scene with deck.gl: keep what did not change, and draw once a frame at most.
import { Deck, OrthographicView } from "@deck.gl/core";
import { Fleet } from "./fleet.js";
import { groundLayers, meshOf, tileLayers } from "./ground_layers.js";
import { orderOf, Paint, rowOf, widthFactor } from "./paint.js";
import { pointLayer } from "./points.js";
import { DASHES, edgeBuffers, edgeLayer, roadLayers, sketchBuffers, vehicleLayer } from "./road_layers.js";

const MARKED_PX = 3.2;
const HALO_PX = 3.6;
const HOVER_PX = 2.6;
const SKETCH_DASH = [1.6, 1.1];

export class Drawing {
  constructor(canvas, camera, drawn, failed) {
    this.camera = camera;
    this.memory = new Map();
    this.scene = null;
    this.wanted = null;
    this.frame = 0;
    try {
      this.deck = new Deck({
        canvas,
        width: "100%",
        height: "100%",
        controller: false,
        views: [view("a", 0, 0)],
        viewState: { a: { target: [0, 0, 0], zoom: 0 } },
        useDevicePixels: Math.min(window.devicePixelRatio || 1, 2),
        pickingRadius: 0,
        layerFilter: ({ layer, viewport }) => !layer.id.includes("@") || layer.id.endsWith(`@${viewport.id}`),
        layers: [],
        deviceProps: { type: "webgl" },
        onLoad: () => canvas.removeAttribute("tabindex"),  // what is around it takes the focus
        onAfterRender: () => {
          if (this.scene) drawn();
        },
        onError: (fault) => {
          console.error("the map cannot be drawn", fault);
          if (!this.scene || !this.deck?.isInitialized) failed();
        },
      });
    } catch (fault) {
      console.error("the map cannot be drawn", fault);
      failed();
    }
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.deck?.finalize();
    this.deck = null;
  }

  setScene(scene) {
    this.scene = scene;
    this.memory.clear();
    this.fleets = Object.fromEntries(Object.entries(scene.fleets).map(([name, found]) => [name, found?.count ? new Fleet(found) : null]));
    this.mesh = scene.background ? meshOf(scene.background.areas) : null;
  }

  /** Draw this at the next frame. */
  draw(wanted) {
    this.wanted = wanted;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  render() {
    if (!this.deck || !this.scene) return;
    const { camera } = this;
    const { sides, share } = this.wanted;
    const split = Math.round(share * camera.width);
    const parts = sides.map(({ side }) => (sides.length < 2 ? [side, 0, camera.width] : side === "b" ? [side, 0, split] : [side, split, camera.width]));
    this.deck.setProps({
      views: parts.map(([side, from, to]) => view(side, from, to)),
      viewState: Object.fromEntries(parts.map(([side, from, to]) => [side, camera.stateOf(from, to)])),
      layers: this.layers(),
    });
  }

  layers() {
    const { scene, wanted, camera } = this;
    const { config, ground, sides } = wanted;
    const factor = widthFactor(camera.zoom);
    return [
      ...(config.tiles ? tileLayers(config.tiles, camera, scene.plane) : []),
      ...this.once(`ground ${wanted.dark} ${Boolean(config.tiles)}`, () =>
        config.tiles ? [] : groundLayers(scene.background, this.mesh, ground),
      ),
      ...(scene.roads ? sides.flatMap((side) => this.sideLayers(side, factor)) : []),
      ...(config.sketches.length ? [edgeLayer({ id: "sketches", made: this.sketches(config.sketches), colour: ground.sketch, factor, dash: SKETCH_DASH })] : []),
      ...this.points(ground),
      ...sides.flatMap((side) => this.vehicles(side, ground, factor)),
    ];
  }

  sideLayers({ side, picture, base }, factor) {
    const { scene, wanted } = this;
    const { roads } = scene;
    const { config, ground, dark, time_s, selected, hovered } = wanted;
    const marks = base ? [] : Object.keys(DASHES).filter((mark) => config.marks[mark]?.length);
    const marked = this.markedEdges(config.marks);
    const hidden = base ? marked.later : marked.all;
    const row = rowOf(scene, picture, time_s);
    const paint = this.once(`paint ${side} ${picture?.layer} ${picture?.whole}`, () => new Paint(roads, orderOf(scene, picture)));
    const look = JSON.stringify([picture, row?.from, row?.layer === scene.layers.get(picture?.whole), dark, base, config.marks]);
    const version = this.latest(`version ${side}`, look, () => {
      const buffers = paint.fill({ row, picture, palettes: config.palettes, ground, dark, hidden });
      return { buffers };
    });
    const [casing, coloured] = roadLayers({ side, paint, buffers: version.buffers, factor, ground });
    const widthOf = (edge) => paint.widthOf[edge];
    const halo = (name, edges, extra, colour) => {
      const on = `${look} ${edges.join()}`;
      const made = this.latest(`${name} ${side}`, on, () => edgeBuffers(roads, edges, widthOf));
      return edgeLayer({ id: `${name}@${side}`, made, extra, colour, factor });
    };
    return [
      casing,
      ...(selected.size ? [halo("selected", [...selected], HALO_PX, ground.selected)] : []),
      ...(hovered === null ? [] : [halo("hovered", [hovered], HOVER_PX, ground.mark)]),
      coloured,
      ...marks.map((mark) =>
        edgeLayer({
          id: `${mark}@${side}`,
          made: this.latest(`${mark} made`, marked[mark].join(), () => edgeBuffers(roads, marked[mark], () => MARKED_PX)),
          colour: mark === "unmatched" ? ground.unmatched : ground.mark,
          factor,
          dash: DASHES[mark],
        }),
      ),
    ];
  }

  markedEdges(marks) {
    return this.latest("marks", JSON.stringify(marks), () => {
      const place = this.scene.roads.place;
      const edges = Object.fromEntries(
        Object.entries(marks).map(([mark, ids]) => [mark, ids.map((id) => place.get(id)).filter((edge) => edge !== undefined)]),
      );
      return { ...edges, all: new Set(Object.values(edges).flat()), later: new Set(edges.added ?? []) };
    });
  }

  sketches(lines) {
    const { plane } = this.scene;
    return this.latest("sketches", JSON.stringify(lines), () =>
      sketchBuffers(lines.map((line) => line.map(([lon, lat]) => plane.fromLonLat(lon, lat)))),
    );
  }

  points(ground) {
    const { scene, wanted } = this;
    const { dark, config } = wanted;
    const shown = Object.entries(config.points).filter(([name]) => scene.points.has(name));
    return shown.map(([name, look], place) =>
      this.latest(`points ${name}`, JSON.stringify([look, dark, place]), () =>
        pointLayer(name, place, scene.points.get(name), { look, ground, palettes: config.palettes, dark }),
      ),
    );
  }

  /** What moves on one side: the one that shows the state before has vehicles of its own, or none. */
  vehicles({ side, base }, ground, factor) {
    const name = base ? "vehicles_beside" : "vehicles";
    const fleet = this.fleets[name];
    const { time_s } = this.wanted;
    if (!fleet || time_s === null) return [];
    this.latest(name, time_s, () => fleet.move(time_s));
    return [vehicleLayer(`vehicles@${side}`, fleet, ground, factor)];
  }

  /** Make a thing once for this scene. */
  once(name, make) {
    if (!this.memory.has(name)) this.memory.set(name, make());
    return this.memory.get(name);
  }

  /** Make a thing again only when what it depends on changed. */
  latest(name, on, make) {
    const old = this.memory.get(name);
    if (old && old.on === on) return old.thing;
    const thing = make();
    this.memory.set(name, { on, thing });
    return thing;
  }
}

function view(id, from, to) {
  return new OrthographicView({ id, x: from, y: 0, width: to - from || "100%", height: "100%", flipY: false, clear: false });
}
