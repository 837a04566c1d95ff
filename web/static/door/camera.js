// The camera, and what is read in its pictures.

// Pictures are read at this size: a code of 37 modules fills a third of it well.
const LONGEST_SIDE = 800;
const PAUSE_MS = 100;
// A code that stays before the camera is read once; it is read again after so long out of sight.
const OUT_OF_SIGHT_MS = 2000;

export class Camera {
  // `seen` is called with each text that comes into sight.
  constructor(video, seen) {
    [this.video, this.seen] = [video, seen];
    this.canvas = document.createElement("canvas");
    this.last = {text: "", at: 0};
  }

  static get isThere() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  // Begins; throws what getUserMedia throws, such as NotAllowedError.
  async start() {
    const wish = {facingMode: {ideal: "environment"}, width: {ideal: 1280}, height: {ideal: 720}};
    this.stream = await navigator.mediaDevices.getUserMedia({video: wish, audio: false});
    this.video.srcObject = this.stream;
    await this.video.play();
    // The screen stays on while somebody waits for people.
    this.awake = await navigator.wakeLock?.request("screen").catch(() => null);
    this.reader = new Worker("/assets/door/reader.js");
    this.reader.onmessage = ({data}) => {
      if (data) this._take(data);
      this.timer = setTimeout(() => this._look(), PAUSE_MS);
    };
    this._look();
  }

  stop() {
    clearTimeout(this.timer);
    this.reader?.terminate();
    this.awake?.release();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.video.srcObject = this.stream = this.reader = null;
  }

  get isOn() {
    return Boolean(this.stream);
  }

  _look() {
    if (!this.stream) return;
    const {videoWidth: width, videoHeight: height} = this.video;
    if (!width || document.hidden) {
      this.timer = setTimeout(() => this._look(), PAUSE_MS);
      return;
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
