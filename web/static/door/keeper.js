// Keeps a gate up to date beside its scans: sends what waits, gets lists, notices when the connection is lost and back.

import {Away, Refused} from "./gate.js";

const LIST_SECONDS = 120;
const FIRST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 30;

export class Keeper {
  // `changed` is called after each change; `over` when the credential is good for nothing any more; `listed` with conflicts.
  constructor(gate, takesLists, {changed, over, listed}) {
    Object.assign(this, {gate, takesLists, changed, over, listed});
    this.pause = FIRST_PAUSE_SECONDS;
    this.listAt = -Infinity;
    this.trouble = "";
    gate.lost = () => this.lose();
    this.hurry = () => this.soon(0);
    addEventListener("online", this.hurry);
    this.soon(0);
  }

  stop() {
    clearTimeout(this.timer);
    removeEventListener("online", this.hurry);
    this.isStopped = true;
  }

  soon(seconds) {
    clearTimeout(this.timer);
    if (!this.isStopped) this.timer = setTimeout(() => this._tick(), seconds * 1000);
  }

  // The connection is lost. A gate without a good list goes on asking: by itself it could let nobody in.
  lose() {
    this.gate.online = !this.gate.hasGoodList();
    if (!this.isLost) this.soon(this.pause);
    this.isLost = true;
    this.changed();
  }

  async _tick() {
    try {
      await this.refresh();
      this.pause = FIRST_PAUSE_SECONDS;
      this.soon(LIST_SECONDS / 8);
    } catch (error) {
      if (error instanceof Refused && error.isOver) {
        this.stop();
        this.over();
        return;
      }
      this.trouble = error instanceof Away ? "" : error.message;
      if (error instanceof Away) this.lose();
      // Whatever keeps a list from coming: without a good one it asks, or it could let nobody in.
      else if (!this.gate.hasGoodList()) this.gate.online = true;
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_SECONDS) * (0.75 + Math.random() / 2);
      this.soon(this.pause);
    }
    if (!this.isStopped) this.changed();
  }

  // Sends what waits, then gets a list if it is time, or else asks whether the gate is still good.
  async refresh() {
    const {gate} = this;
    if (gate.store.unsent.size) this.listed(await gate.sync());
    if (this.takesLists && gate.steady() - this.listAt > (this.isLost ? 0 : LIST_SECONDS)) {
      await gate.refresh();
      this.listAt = gate.steady();
    } else {
      await gate.api.getGate();
    }
    gate.online = true;
    this.isLost = false;
    this.trouble = "";
  }
}
