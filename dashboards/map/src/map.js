// One map: joins data, what Python asks for, and what people do with it.
import { Chrome } from "./chrome.js";
import { groundOf, isDark } from "./colours.js";
import { el } from "./dom.js";
import { Drawing } from "./drawing.js";
import { listen as listenToGestures } from "./gestures.js";
import { Hover } from "./hover.js";
import { Labels } from "./labels.js";
import { fillLegend } from "./legend.js";
import { rowOf } from "./paint.js";
import { Scene } from "./scene.js";
import { edgesOf, Selection } from "./selection.js";
import * as store from "./store.js";
import style from "./style.css";
import { edgeLines, numberText, pointLines } from "./telling.js";
import { Timed } from "./timed.js";

/** What a map keeps while its page is away, by the map's name. */
const kept = new Map();
/** How often a map begins again after its graphics memory was taken away, and how long it waits before [ms]. */
const MOST_STARTS = 6;
const START_AFTER_MS = 250;

export class RoadMap extends Timed {
  constructor(parent, config) {
    super();
    this.config = config;
    this.host = parent.host ?? parent;
    this.selection = new Selection((more, clickedAt) => this.selected(more, clickedAt));
    this.pointer = new Hover((found) => this.pointed(found));
    this.hovered = null;
    /** How far from the left the divider of the split view stands; null until it is needed. */
    this.share = null;
    this.chrome = new Chrome(config.words, this, config.key);
    parent.append(el("style", {}, style), this.chrome.root);
    this.startDrawing();
    this.labels = new Labels(this.chrome.labelCanvas);
    this.gestures = listenToGestures(this.chrome.surface, this);
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.chrome.frame);
    this.unlisten = store.listen(() => this.load());
  }

  startDrawing() {
    const { glCanvas } = this.chrome;
    this.drawing = new Drawing(glCanvas, this.camera, () => this.drawn(), () => this.failed());
    glCanvas.addEventListener("webglcontextlost", () => this.startAgain(), { once: true });
  }

  /** Drivers and browsers take graphics memory away, from pages in the background say: nothing but labels would stay. */
  startAgain() {
    this.starts = (this.starts ?? 0) + 1;
    if (this.starts > MOST_STARTS) return this.failed();
    this.restart = setTimeout(() => {
      this.drawing.stop();
      this.chrome.renewCanvas();
      this.startDrawing();
      if (this.scene) this.drawing.setScene(this.scene);
      this.draw();
    }, START_AFTER_MS * this.starts);
    return undefined;
  }

  stop() {
    this.keep();
    clearTimeout(this.restart);
    this.clock.pause();
    this.unlisten();
    this.sizes.disconnect();
    this.address.stop();
    this.drawing.stop();
    this.chrome.root.remove();
  }

  keep() {
    const { clock, selection, config } = this;
    if (!this.scene) return;
    kept.set(config.key, {
      at: this.position,
      time_s: clock.time_s,
      open: this.open,
      share: this.share,
      selected: this.scene.roads ? selection.ids(this.scene.roads) : [],
      mode: this.wayOf,
    });
  }

  // ---------------------------------------------------------------- what Python says

  update(config, send) {
    this.send = send;
    const first = !this.started;
    const before = this.config;
    this.config = config;
    this.started = true;
    const { chrome } = this;
    if (JSON.stringify(before.words) !== JSON.stringify(config.words)) this.reword();
    chrome.frame.style.height = `${config.height}px`;
    chrome.surface.setAttribute("aria-label", config.description || config.words.map);
    this.readTheme();
    if (first) this.open = config.split;
    else if (before.split !== config.split) this.open = config.split;
    if (!config.selectable.includes(this.wayOf)) this.wayOf = config.selectable[0] ?? "none";
    this.showCredit();
    this.selection.number = Math.max(this.selection.number, config.echo);
    this.load();
    if (this.scene) this.apply(before, first);
  }

  /** Another language: only the texts change. */
  reword() {
    const old = this.chrome.root;
    this.chrome.words = this.config.words;
    const { glCanvas, labelCanvas } = this.chrome;
    this.chrome.build();
    this.chrome.glCanvas.replaceWith(glCanvas);
    this.chrome.labelCanvas.replaceWith(labelCanvas);
    Object.assign(this.chrome, { glCanvas, labelCanvas });
    this.gestures = listenToGestures(this.chrome.surface, this);
    this.sizes.disconnect();
    this.sizes.observe(this.chrome.frame);
    old.replaceWith(this.chrome.root);
    if (this.ready) this.chrome.wait.remove();
  }

  readTheme() {
    const css = getComputedStyle(this.host);
    this.dark = isDark(css.getPropertyValue("--st-background-color") || "#fff");
    this.ground = groundOf(this.dark);
    this.font = css.getPropertyValue("--st-font") || "system-ui, sans-serif";
    this.chrome.root.style.colorScheme = this.dark ? "dark" : "light";
    this.chrome.frame.style.background = `rgb(${this.ground.land.join(",")})`;
  }

  /** Take the data as soon as all of it is there. */
  load() {
    if (!this.started) return;
    const wanted = this.config.data.join();
    if (wanted === this.loaded) return;
    const blobs = store.get(this.config.data);
    if (!blobs) return;
    this.loaded = wanted;
    const before = this.scene;
    const names = before?.roads ? this.selection.ids(before.roads) : [];
    const look = before && this.position;
    this.scene = new Scene(blobs);
    this.hovered = null;
    this.selection.restore(this.scene.roads, names);
    this.labels.setScene(this.scene);
    this.drawing.setScene(this.scene);
    this.camera.limit(this.scene.bounds);
    if (look) this.look(look);
    else this.firstLook();
    this.apply(this.config, !before);
  }

  get lastLook() {
    return kept.get(this.config.key);
  }

  firstLook() {
    const old = this.lastLook;
    this.resized();
    this.camera.limit(this.scene.bounds);
    if (old) {
      this.look(old.at);
      Object.assign(this, { open: old.open, share: old.share });
      this.selection.restore(this.scene.roads, old.selected);
      this.clock.time_s = old.time_s;
      if (this.config.selectable.includes(old.mode)) this.wayOf = old.mode;
    } else if (this.config.position) this.look(this.config.position);
    else this.camera.set(this.whole);
  }

  apply(before, first) {
    const { config, scene, clock } = this;
    const layers = [config.picture, config.beside].map((picture) => picture && scene.layers.get(picture.layer));
    const timed = layers.find((layer) => layer?.intervals);
    clock.set({
      span: timed || scene.moving.length ? scene.span : null,
      edges_s: timed?.edges_s ?? [],
      fine: scene.moving.length > 0,
      still: this.still.matches,
      hasWhole: !timed || Boolean(config.picture?.whole),
    });
    this.setOutVehicles();
    this.takeSelection(first);
    this.takeFocus(before, first);
    this.rewrite();
    this.draw();
  }

  takeSelection(first) {
    const { selection, scene, config, chrome } = this;
    if (selection.take(scene.roads, config, first)) chrome.showSelection(selection.edges.size, 0);
  }

  takeFocus(before, first) {
    const { focus } = this.config;
    if (!focus.length || (!first && JSON.stringify(before.focus) === JSON.stringify(focus))) return;
    const edges = [...edgesOf(this.scene.roads, focus)];
    if (!edges.length) return;
    const { boxes } = this.scene.roads;
    const box = [0, 1, 2, 3].map((side) => (side < 2 ? Math.min : Math.max)(...edges.map((edge) => boxes[4 * edge + side])));
    this.fly(this.camera.fit(box, { margin: 0.3, closest: 0.5 }));
  }

  // ---------------------------------------------------------------- what is shown

  /** The pictures of the sides: right (or only) and left. What is marked is so on the first one only. */
  get sides() {
    const { config } = this;
    if (this.holding && config.before) return [{ side: "a", picture: config.before, base: true }];
    const main = { side: "a", picture: config.picture, base: false };
    return this.open && config.beside ? [main, { side: "b", picture: config.beside, base: true }] : [main];
  }

  draw() {
    if (!this.scene) return;
    this.drawing.draw({
      sides: this.sides,
      share: this.sides.length > 1 ? this.share : 0,
      time_s: this.clock.time_s,
      selected: this.selection.edges,
      hovered: this.hovered,
      config: this.config,
      ground: this.ground,
      dark: this.dark,
    });
    if (!this.labelFrame) this.labelFrame = requestAnimationFrame(() => this.drawLabels());
  }

  drawLabels() {
    this.labelFrame = 0;
    const { label, halo } = this.ground;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.labels.draw(this.camera, { colour: label, halo, font: this.font, ratio });
    this.chrome.showScale(1 / this.camera.scale, this.config.language);
    this.chrome.root.dataset.position = this.position.map((part) => part.toFixed(6)).join();
  }

  drawn() {
    if (this.ready) return;
    this.ready = true;
    this.chrome.wait.remove();
    this.chrome.root.dataset.ready = "true";
  }

  failed() {
    this.chrome.wait.textContent = this.config.words.failed;
    this.chrome.frame.append(this.chrome.wait);
  }

  /** Everything around the map. */
  rewrite() {
    if (this.open && this.scene) this.share ??= this.middle;
    const { chrome, config, sides } = this;
    const pictures = sides.map(({ picture }) => picture).filter(Boolean);
    const distinct = pictures.filter((one, place) => pictures.findIndex((other) => sameScale(one, other)) === place);
    const { words } = config;
    chrome.legend.hidden = !fillLegend(chrome.legendRows, {
      pictures: distinct,
      scene: this.scene,
      config,
      words,
      ground: this.ground,
      dark: this.dark,
      numbers: (value, picture) => numberText(value, picture, config.language),
      sketches: config.sketches.length > 0,
    });
    chrome.before.hidden = !config.before;
    chrome.showModes(config.selectable, this.wayOf);
    chrome.clear.disabled = this.selection.edges.size === 0;
    this.placeSplit();
    this.showTime();
    chrome.root.dataset.state = this.holding ? "before" : this.open && config.beside ? "split" : "one";
  }

  placeSplit() {
    const { config, chrome } = this;
    const open = this.sides.length > 1;
    chrome.showSplit({
      possible: Boolean(config.beside),
      open,
      share: this.share,
      left: config.beside?.title,
      right: config.picture?.title,
      width: this.camera.width,
    });
    if (this.holding) chrome.showTitle(config.before.title);
  }

  showCredit() {
    const { tiles, words } = this.config;
    this.chrome.credit.textContent = tiles ? `${words.credit} · ${tiles.credit}` : words.credit;
  }

  toggleSplit() {
    this.open = !this.open;
    this.rewrite();
    this.draw();
  }

  setDivider(share) {
    this.share = Math.min(Math.max(share, 0.05), 0.95);
    this.placeSplit();
    this.draw();
  }

  moveDivider(by) {
    this.setDivider(this.share + by);
  }

  showBefore(on) {
    if (this.holding === on) return;
    this.holding = on;
    this.rewrite();
    this.draw();
  }

  // ---------------------------------------------------------------- selection

  mode() {
    return this.wayOf;
  }

  setMode(mode) {
    this.gestures.dropShape();
    this.wayOf = mode;
    this.chrome.showModes(this.config.selectable, mode);
    this.chrome.setNote(mode === "polygon" ? this.config.words.polygon_hint : "");
  }

  outline(corners) {
    this.chrome.outline(corners);
  }

  click(x, y, shift) {
    const { scene, config, camera } = this;
    if (scene?.roads && config.selectable.length) this.selection.click(scene, camera, { x, y, shift });
  }

  clickMiddle(shift) {
    this.click(this.camera.width / 2, this.camera.height / 2, shift);
  }

  enclosed(corners, shift) {
    const { scene, config, camera } = this;
    if (scene?.roads) this.selection.enclose(scene, camera, { corners, shift, most: config.most_selected });
  }

  clearSelection() {
    this.selection.clear();
  }

  /** People selected something: show it, and tell Python. */
  selected(more, clickedAt) {
    const { selection, scene, config, clock } = this;
    this.chrome.showSelection(selection.edges.size, more);
    this.draw();
    const row = rowOf(scene, config.picture, clock.time_s);
    this.send({
      number: selection.number,
      selected: selection.ids(scene.roads),
      position: this.position,
      interval: clock.time_s === null ? null : (row?.layer.intervalAt(clock.time_s) ?? null),
      clicked_at: clickedAt,
      more,
    });
  }

  // ---------------------------------------------------------------- hover

  hover(x, y) {
    this.pointer.move(x, y, this);
  }

  pointed(found) {
    const { scene, chrome, config } = this;
    const edge = found?.edge ?? null;
    if (edge !== this.hovered) {
      this.hovered = edge;
      this.draw();
    }
    chrome.surface.classList.toggle("over", edge !== null && this.wayOf === "click");
    const lines = found?.point
      ? pointLines(scene, config, found.point)
      : edge !== null && edgeLines(scene, config, { edge, sides: this.sides, time_s: this.clock.time_s });
    chrome.showTip(lines || null, found?.x, found?.y);
  }

  leave() {
    this.pointer.leave();
  }
}

function sameScale(one, other) {
  return one.legend === other.legend && one.palette === other.palette && one.limits.join() === other.limits.join();
}
