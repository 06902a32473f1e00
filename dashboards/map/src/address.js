// Say in the URL where the map looks, without a run of the page.

const AFTER_MS = 300;
/** Streamlit rewrites the URL with what Python knows; look again now and then. */
const AGAIN_MS = 1500;

export class Address {
  constructor() {
    this.key = null;
    this.text = null;
    this.timer = 0;
    this.watch = setInterval(() => this.write(), AGAIN_MS);
  }

  say(key, [lon, lat, zoom]) {
    this.key = key;
    this.text = `${lon.toFixed(5)},${lat.toFixed(5)},${zoom.toFixed(2)}`;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), AFTER_MS);
  }

  write() {
    if (!this.key || !this.text) return;
    const url = new URL(window.location.href);
    if (url.searchParams.get(this.key) === this.text) return;
    url.searchParams.set(this.key, this.text);
    url.search = url.search.replaceAll("%2C", ",");
    window.history.replaceState(window.history.state, "", url);
  }

  stop() {
    clearTimeout(this.timer);
    clearInterval(this.watch);
  }
}
