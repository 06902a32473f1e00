// Everything on the map that is not the map: buttons, legend, titles, time, scale, credit, tooltip.
import { clockText } from "./clock.js";
import { button, el, filled, icon, setIcon } from "./dom.js";

const SCALE_PX = 110;

export class Chrome {
  /** @param {object} act What the buttons do. */
  constructor(words, act, key) {
    this.words = words;
    this.act = act;
    this.key = key;
    this.build();
  }

  build() {
    const { words, act } = this;
    this.glCanvas = el("canvas", { class: "gl" });
    this.labelCanvas = el("canvas", { class: "labels" });
    this.shape = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
    this.shape.setAttribute("class", "shape");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.append(this.shape);
    this.keysHelp = el("p", { class: "away", id: "keys" }, words.keys);
    this.surface = el(
      "div",
      { class: "surface", tabindex: "0", role: "application", "aria-roledescription": words.map, "aria-describedby": "keys" },
      this.glCanvas,
      this.labelCanvas,
      svg,
    );
    this.legendRows = el("div", { class: "rows" });
    this.legend = el("details", { class: "card legend", open: true }, el("summary", {}, words.legend), this.legendRows);
    this.titles = { a: el("div", { class: "card title" }), b: el("div", { class: "card title" }) };
    this.divider = el(
      "div",
      { class: "divider", role: "slider", tabindex: "0", "aria-label": words.divider, "aria-valuemin": "0", "aria-valuemax": "100" },
      el("span", { "aria-hidden": "true" }, "⇄"),
    );
    this.scale = el("div", { class: "scale" });
    this.credit = el("div", { class: "credit" });
    this.tip = el("div", { class: "tip", role: "tooltip", hidden: true });
    this.note = el("div", { class: "card note", role: "status", hidden: true });
    this.wait = el("div", { class: "wait" }, words.loading);
    this.frame = el(
      "div",
      { class: "frame" },
      this.surface,
      this.divider,
      this.titles.a,
      this.titles.b,
      this.note,
      el("div", { class: "foot" }, this.scale, this.credit),
      this.legend,
      this.beforeCard(),
      this.toolCard(),
      this.tip,
      this.wait,
    );
    this.said = el("div", { class: "away", role: "status", "aria-live": "polite" });
    this.root = el("section", { class: "tdm", "data-map": this.key }, this.keysHelp, this.frame, this.timeBar(), this.said);
    this.dragDivider(act);
  }

  /** A canvas that has lost its graphics memory is of no more use. */
  renewCanvas() {
    const fresh = el("canvas", { class: "gl" });
    this.glCanvas.replaceWith(fresh);
    this.glCanvas = fresh;
  }

  toolCard() {
    const { words, act } = this;
    this.modes = {
      none: button("hand", words.select_none, () => act.setMode("none")),
      click: button("hand", words.select_click, () => act.setMode("click")),
      box: button("box", words.select_box, () => act.setMode("box")),
      polygon: button("polygon", words.select_polygon, () => act.setMode("polygon")),
    };
    for (const [mode, made] of Object.entries(this.modes)) made.dataset.mode = mode;
    this.clear = button("clear", words.clear, () => act.clearSelection(), { class: "icon clear" });
    this.splitButton = button("split", words.split, () => act.toggleSplit(), { class: "icon split", "aria-pressed": "false" });
    this.gaps = [el("div", { class: "gap" }), el("div", { class: "gap" })];
    this.tools = el(
      "div",
      { class: "card tools", role: "toolbar", "aria-label": words.map, "aria-orientation": "vertical" },
      button("plus", words.zoom_in, () => act.zoomBy(0.7)),
      button("minus", words.zoom_out, () => act.zoomBy(-0.7)),
      button("whole", words.whole_map, () => act.showWhole()),
      this.gaps[0],
      this.splitButton,
      this.gaps[1],
      ...Object.values(this.modes),
      this.clear,
    );
    return this.tools;
  }

  /** Held: while pressed. Tapped with a key: until pressed again. */
  beforeCard() {
    const { words, act } = this;
    const show = (on) => {
      this.beforeButton.setAttribute("aria-pressed", String(on));
      act.showBefore(on);
    };
    this.beforeButton = el(
      "button",
      {
        type: "button",
        title: words.before_hint,
        "aria-pressed": "false",
        onpointerdown: (event) => {
          this.beforeButton.setPointerCapture(event.pointerId);
          show(true);
        },
        onpointerup: () => show(false),
        onpointercancel: () => show(false),
        onkeydown: (event) => {
          if (event.repeat || (event.key !== " " && event.key !== "Enter")) return;
          event.preventDefault();
          show(this.beforeButton.getAttribute("aria-pressed") !== "true");
        },
      },
      icon("before"),
      el("span", {}, words.before),
    );
    this.before = el("div", { class: "card before", hidden: true }, this.beforeButton);
    return this.before;
  }

  timeBar() {
    const { words, act } = this;
    this.whole = el("button", { type: "button", class: "whole", "aria-pressed": "true", onclick: () => act.toTime(null) }, words.whole);
    this.play = button("play", words.play, () => act.playOrPause(), { class: "icon play" });
    this.slider = el("input", {
      type: "range",
      "aria-label": words.time,
      oninput: () => act.toTime(Number(this.slider.value)),
      onkeydown: (event) => event.stopPropagation(),
    });
    this.now = el("span", { class: "now", "aria-live": "off" });
    this.speed = el(
      "select",
      { "aria-label": words.speed, title: words.speed, onchange: () => act.setSpeed(Number(this.speed.value)) },
    );
    this.time = el(
      "div",
      { class: "time", role: "group", "aria-label": words.time, hidden: true },
      this.whole,
      button("earlier", words.earlier, () => act.stepTime(-1)),
      this.play,
      button("later", words.later, () => act.stepTime(1)),
      el("div", { class: "track" }, this.slider),
      this.now,
      this.speed,
    );
    return this.time;
  }

  dragDivider(act) {
    const place = (event) => {
      const box = this.frame.getBoundingClientRect();
      act.setDivider((event.clientX - box.left) / box.width);
    };
    this.divider.addEventListener("pointerdown", (event) => {
      this.divider.setPointerCapture(event.pointerId);
      event.preventDefault();
      this.divider.focus({ preventScroll: true });
    });
    this.divider.addEventListener("pointermove", (event) => {
      if (this.divider.hasPointerCapture(event.pointerId)) place(event);
    });
    this.divider.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
      if (!by) return;
      event.preventDefault();
      act.moveDivider(by);
    });
  }

  showModes(selectable, mode) {
    const shown = selectable.length ? [...(selectable.includes("click") ? [] : ["none"]), ...selectable] : [];
    for (const [name, made] of Object.entries(this.modes)) {
      made.hidden = !shown.includes(name) || shown.length < 2;
      made.setAttribute("aria-pressed", String(name === mode));
    }
    this.clear.hidden = !selectable.length;
    this.gaps[1].hidden = !selectable.length;
    this.surface.classList.toggle("box", mode === "box");
    this.surface.classList.toggle("polygon", mode === "polygon");
  }

  showSelection(count, more) {
    const { words } = this;
    this.clear.disabled = count === 0;
    const text = count === 1 ? words.selected_one : filled(words.selected_count, { count });
    const parts = count ? [text] : [];
    if (more) parts.push(filled(words.selected_more, { more }));
    this.said.textContent = parts.join(". ");
    this.setNote(parts.join(" · "));
  }

  setNote(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }

  showSplit({ possible, open, share, left, right, width }) {
    this.splitButton.hidden = !possible;
    this.gaps[0].hidden = !possible;
    this.splitButton.setAttribute("aria-pressed", String(open));
    this.divider.hidden = !open;
    this.divider.style.left = `${share * 100}%`;
    this.divider.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    for (const [side, text, from, to] of [
      ["b", left, 0, share],
      ["a", right, share, 1],
    ]) {
      const title = this.titles[side];
      title.textContent = text ?? "";
      title.hidden = !open || !text || (to - from) * width < 90;
      title.style.left = `${((from + to) / 2) * 100}%`;
    }
  }

  /** The title alone, in the middle, while something else than usual is shown. */
  showTitle(text) {
    this.titles.a.textContent = text;
    this.titles.a.hidden = !text;
    this.titles.a.style.left = "50%";
  }

  showSpeeds({ speeds, speed }) {
    if (this.speed.options.length && speeds.join() === this.offered) return;
    this.offered = speeds.join();
    this.speed.replaceChildren(...speeds.map((one) => el("option", { value: one, selected: one === speed }, `${one} ×`)));
  }

  showTime(clock, interval_s) {
    const { words } = this;
    this.time.hidden = !clock.span;
    if (!clock.span) return;
    this.showSpeeds(clock);
    const [from, to] = clock.span;
    const stops = clock.stops;
    Object.assign(this.slider, { min: from, max: clock.fine ? to : stops.at(-1) });
    this.slider.step = clock.short ? 0.1 : clock.fine ? 1 : stops[1] - stops[0] || 1;
    this.slider.value = clock.time_s ?? from;
    const done = (this.slider.value - from) / (this.slider.max - from || 1);
    this.slider.style.setProperty("--done", `${100 * done}%`);
    this.slider.style.opacity = clock.time_s === null ? 0.45 : 1;
    const moment = clock.time_s !== null && (clock.fine || !interval_s);
    const text = moment ? clockText(clock.time_s, clock.fine) : (interval_s ?? clock.span).map((time_s) => clockText(time_s)).join("–");
    this.now.textContent = text;
    this.slider.setAttribute("aria-valuetext", clock.time_s === null ? words.whole : text);
    this.whole.hidden = !clock.hasWhole;
    this.whole.setAttribute("aria-pressed", String(clock.time_s === null));
    setIcon(this.play, clock.playing ? "pause" : "play", clock.playing ? words.pause : words.play);
  }

  /** A bar of a round length. */
  showScale(metresPerPixel, language) {
    const most = SCALE_PX * metresPerPixel;
    const power = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].find((step) => step * power <= most) * power;
    const far = length >= 1000;
    this.scale.style.width = `${length / metresPerPixel}px`;
    this.scale.textContent = `${new Intl.NumberFormat(language).format(far ? length / 1000 : length)} ${far ? "km" : "m"}`;
  }

  showTip(lines, x, y) {
    this.tip.hidden = !lines;
    if (!lines) return;
    this.tip.replaceChildren(...lines.map(([kind, text]) => el("div", { class: kind }, text)));
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const left = x + 16 + width > this.frame.clientWidth ? x - 12 - width : x + 16;
    const top = y + 16 + height > this.frame.clientHeight ? y - 12 - height : y + 16;
    this.tip.style.transform = `translate(${Math.max(left, 4)}px, ${Math.max(top, 4)}px)`;
  }

  outline(corners) {
    this.shape.setAttribute("points", (corners ?? []).map((corner) => corner.join(",")).join(" "));
  }
}
