"use strict";
// What becomes of a show's seats, as it happens: server-sent events, and questions from time to time where no stream is to be had.
class SeatStream {
  static FIRST_PAUSE_MS = 1000;
  static LONGEST_PAUSE_MS = 15000;
  static PATIENCE_MS = 10000;

  // `take` gets each change, or the whole map where changes may have been missed; `behind`, whether changes come with a delay.
  constructor({show, section, sequence, take, behind}) {
    Object.assign(this, {show, section, sequence, take, behind});
    this.events = null;
    this.waiting = null;
    this.refusals = 0;
    document.addEventListener("visibilitychange", () => document.hidden ? this.close() : this.open());
    // A page that is kept for Back has no stream meanwhile.
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.open());
    this.open();
  }

  open() {
    if (this.events || document.hidden) return;
    clearTimeout(this.waiting);
    const events = new EventSource(`/api/v1/seats/shows/${this.show}/watch?afterSequence=${this.sequence}`);
    this.events = events;
    events.onopen = () => {
      this.refusals = 0;
      this.behind(false);
    };
    events.onmessage = (event) => {
      this.sequence = Number(event.lastEventId) || this.sequence;
      this.take(JSON.parse(event.data), false);
    };
    events.onerror = () => {
      // Where the line was cut the browser comes again by itself, and says after which change. After a refusal it never does.
      if (events.readyState !== EventSource.CLOSED || this.events !== events) return;
      this.close();
      this.later(0);
    };
  }

  close() {
    clearTimeout(this.waiting);
    this.events?.close();
    this.events = null;
  }

  later(atLeast) {
    const pause = Math.min(SeatStream.FIRST_PAUSE_MS * 2 ** this.refusals, SeatStream.LONGEST_PAUSE_MS);
    this.refusals += 1;
    if (this.refusals > 2) this.behind(true);
    if (!document.hidden) this.waiting = setTimeout(() => this.resume(), Math.max(pause * (0.75 + Math.random() / 2), atLeast));
  }

  // Streams are full, or changes since then are no longer kept: sees how the seats stand, and watches from there on.
  async resume() {
    const wait = await this.look();
    if (this.events || document.hidden) return;
    if (wait === 0) this.open();
    else this.later(wait);
  }

  // Reads the map; returns for how many milliseconds to leave the server alone, 0 where it answered.
  async look() {
    const section = this.section ? `?section=${encodeURIComponent(this.section)}` : "";
    const asked = {cache: "no-store", signal: AbortSignal.timeout(SeatStream.PATIENCE_MS)};
    try {
      const answer = await fetch(`/api/v1/seats/shows/${this.show}${section}`, asked);
      if (!answer.ok) return 1000 * (Number(answer.headers.get("retry-after")) || 1);
      const map = await answer.json();
      // The stream is further by now: what it said stays.
      if (this.events && map.sequence < this.sequence) return 0;
      this.sequence = map.sequence;
      this.take(map, true);
      return 0;
    } catch {
      return 1;
    }
  }
}
