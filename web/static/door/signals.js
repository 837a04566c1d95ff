// Sound and vibration: who looks at people hears what a scan came to.

const TUNES = {good: [[660, 0], [990, 0.09]], bad: [[220, 0], [180, 0.16]], warn: [[440, 0], [440, 0.16]]};
const SHAKES = {good: [60], bad: [180, 80, 180], warn: [90, 60, 90]};
let context = null;

// Browsers let a page sound only after somebody has touched it: called on the first touch.
export function wake() {
  context ??= "AudioContext" in window ? new AudioContext() : null;
  context?.resume();
}

export function signal(mood, isLoud) {
  navigator.vibrate?.(SHAKES[mood]);
  if (!context || !isLoud) return;
  for (const [pitch, after] of TUNES[mood]) {
    const tone = context.createOscillator(), volume = context.createGain(), at = context.currentTime + after;
    tone.frequency.value = pitch;
    tone.type = mood === "good" ? "sine" : "square";
    volume.gain.setValueAtTime(0.25, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.14);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.15);
  }
}
