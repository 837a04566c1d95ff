// The camera, and what is read in its pictures.

// Pictures are read at this size: a code of 37 modules fills a third of it well.
const LONGEST_SIDE = 800;
const PAUSE_MS = 100;
// A code that stays before the camera is read once; it is read again after so long out of sight.
const OUT_OF_SIGHT_MS = 2000;
// In the service worker's scope: it is there without a connection, too.
const READER = "/check-in/reader.js";

export class Camera {
  // `seen` is called with each text that comes into sight; `broken` where nothing can be read any more.
  constructor(video, seen, broken) {
    Object.assign(this, {video, seen, broken, isOn: false, run: 0});
    this.canvas = document.createElement("canvas");
    this.last = {text: "", at: 0};
  }

  static get isThere() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  // Begins; throws what getUserMedia throws, such as NotAllowedError. Stopped meanwhile, it leaves no camera on.
  async start() {
    this.isOn = true;
    const run = this.run += 1, wish = {facingMode: {ideal: "environment"}, width: {ideal: 1280}, height: {ideal: 720}};
    try {
      const stream = await navigator.mediaDevices.getUserMedia({video: wish, audio: false});
      if (run !== this.run) return end(stream);
      this.video.srcObject = this.stream = stream;
      await this.video.play();
    } catch (error) {
      if (run !== this.run) return;
      this.stop();
      throw error;
    }
    if (run !== this.run) return;
    this._stayAwake(run);
    this.reader = new Worker(READER);
    this.reader.onmessage = ({data}) => {
      if (data) this._take(data);
      this.timer = setTimeout(() => this._look(), PAUSE_MS);
    };
    this.reader.onerror = () => { this.stop(); this.broken(); };
    this._look();
  }

  stop() {
    this.run += 1;
    this.isOn = false;
    clearTimeout(this.timer);
    this.reader?.terminate();
    this.awake?.release();
    end(this.stream);
    this.video.srcObject = this.stream = this.reader = this.awake = null;
  }

  // The screen stays on while somebody waits for people.
  async _stayAwake(run) {
    const awake = await navigator.wakeLock?.request("screen").catch(() => null);
    if (run === this.run) this.awake = awake;
    else awake?.release();
  }

  _look() {
    if (!this.stream) return;
    const {videoWidth: width, videoHeight: height} = this.video;
    if (!width || document.hidden) {
      this.timer = setTimeout(() => this._look(), PAUSE_MS);
      return;
    }
    // A page that was hidden has lost its hold on the screen.
    if (this.awake?.released) {
      this.awake = null;
      this._stayAwake(this.run);
    }
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const drawing = this.canvas.getContext("2d", {willReadFrequently: true});
    drawing.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const pixels = drawing.getImageData(0, 0, this.canvas.width, this.canvas.height).data.buffer;
    this.reader.postMessage({pixels, width: this.canvas.width, height: this.canvas.height}, [pixels]);
  }

  _take(text) {
    const now = performance.now(), isNew = text !== this.last.text || now - this.last.at > OUT_OF_SIGHT_MS;
    this.last = {text, at: now};
    if (isNew) this.seen(text);
  }
}

function end(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
