// A gate of a show: it asks the server, and without a connection decides by itself, as the Python client's Gate does.
// What it decides is on disk before anybody is let in.

import {Away, Refused} from "./api.js";
import {DoorList, assembled, hashOf, isSigned, whole} from "./rules.js";

// How long a scan waits for an answer before the gate decides by itself.
const ONLINE_SECONDS = 2;
const SYNCED_AT_ONCE = 100;
export const LONGEST_CODE = 500;

const timestamp = (seconds) => new Date(seconds * 1000).toISOString();

export class Gate {
  // `clock`: seconds since 1970; `steady`: seconds by a clock that nobody can set.
  constructor(api, store, {clock = () => Date.now() / 1000, steady = () => performance.now() / 1000} = {}) {
    Object.assign(this, {api, store, clock, steady});
    this.showId = store.shift.showId;
    this.list = store.list ? new DoorList(store.list) : null;
    // Whether it asks the server; without, it decides by itself.
    this.online = true;
    this.turn = Promise.resolve();
    this.sending = null;
    this.conflicts = [];
    this.isClosed = false;
  }

  // Ends what is being judged; a list that comes later is not kept.
  close() {
    this.isClosed = true;
    return this.turn;
  }

  hasGoodList() {
    return this.list !== null && this.list.isGood(this.clock(), this.steady());
  }

  // Gets a new list, and keeps it. Throws Away, Refused, or Error where it was cut off.
  async refresh() {
    const askedAt = this.clock(), askedOn = this.steady();
    const [parts, keys] = await Promise.all([this.api.doorList(this.showId), this.api.keys()]);
    const kept = {...assembled(parts, this.showId), keys, askedAt};
    if (this.isClosed) throw new Away("the shift is over");
    await this.store.keepList(kept);
    this.list = new DoorList(kept, askedOn);
  }

  // Judges a code: by asking, or, where nobody answers in time, by itself. One after the other. Throws what else asking throws.
  scan(code) {
    const scanned = this.turn.then(() => this._scan(whole(code)));
    this.turn = scanned.catch(() => {});
    return scanned;
  }

  async _scan(code) {
    const hash = await hashOf(code);
    if (this.online && !this.store.hasToTell(hash)) {
      // Whoever was asked about this code, and did not answer, is asked about the same scan.
      const isAgain = this.store.asked.has(hash);
      if (!isAgain) await this.store.noteAsked(hash, crypto.randomUUID(), this.clock());
      try {
        const scan = await this._ask(code, hash);
        // Why that one was refused may have passed.
        return isAgain && !scan.cameIn ? await this._scan(code) : scan;
      } catch (error) {
        if (!(error instanceof Away)) throw error;
        this.lost?.();
      }
    }
    return this._decide(code, hash);
  }

  async _ask(code, hash) {
    const {key, at} = this.store.asked.get(hash);
    const wish = {showId: this.showId, code, gateTime: timestamp(at), idempotencyKey: key};
    const answer = await this.api.checkIn(wish, ONLINE_SECONDS);
    const isUsed = ["ADMITTED", "ALREADY_USED"].includes(answer.result);
    await this.store.noteAnswered(hash, isUsed && answer.ticketId ? [answer.ticketId] : [], this.clock());
    return {key, cameIn: answer.result === "ADMITTED", result: answer.result, isOffline: false, about: answer};
  }

  async _decide(code, hash) {
    const ticket = this.list?.tickets.get(hash), now = this.clock();
    let result = this.list ? this.list.judge(ticket, now, this.steady()) : "LIST_TOO_OLD";
    if (this.store.hasToTell(hash) || (ticket && this.store.used.has(ticket.ticketId))) result = "ALREADY_USED";
    // The server may have let in by a scan that it did not answer. Who is refused here is asked about again.
    const asked = this.store.asked.get(hash), cameIn = result === "ADMITTED";
    const decided = {
      key: asked && cameIn ? asked.key : crypto.randomUUID(), codeHash: hash, ticketId: ticket?.ticketId ?? "",
      revision: ticket?.revision ?? 0, gateTime: now, cameIn, result,
    };
    await this.store.noteDecided(decided);
    const about = ticket ? {...ticket, atGate: result === "OTHER_GATE" ? ticket.homeGate : ""} : {};
    const signed = result === "UNKNOWN_CODE" ? await isSigned(code, this.list.keys) : null;
    return {key: decided.key, cameIn, result, isOffline: true, about, signed};
  }

  // Sends what it has decided by itself, in order; returns those by which somebody came in on a ticket that did not let in,
  // also those that a call which failed half-way had found.
  sync() {
    this.sending ??= this._sync().finally(() => { this.sending = null; });
    return this.sending;
  }

  async _sync() {
    const waiting = [...this.store.unsent];
    for (let begin = 0; begin < waiting.length; begin += SYNCED_AT_ONCE) {
      const batch = waiting.slice(begin, begin + SYNCED_AT_ONCE);
      const scans = batch.map(([, one]) => ({
        key: one.key, ticketId: one.ticketId, revision: one.revision, gateTime: timestamp(one.gateTime),
        cameIn: one.cameIn, result: one.result,
      }));
      const sent = await this.api.sync({showId: this.showId, sentAt: timestamp(this.clock()), scans});
      if (sent.scans?.length !== batch.length) throw new Away("the answer was cut off");
      await this.store.noteSent(batch.map(([number]) => number));
      this.conflicts.push(...sent.scans.filter((answer, place) => batch[place][1].cameIn && answer.result !== "ADMITTED"));
    }
    return this.conflicts.splice(0);
  }

  // How many are in, and how many are expected, as far as this gate knows; expected: null without a list.
  count() {
    if (!this.list) return {admitted: this.store.used.size, expected: null};
    const isIn = (ticket) => ticket.isUsed || (this.store.used.get(ticket.ticketId) ?? 0) > this.list.askedAt;
    return {admitted: [...this.list.tickets.values()].filter(isIn).length, expected: this.list.tickets.size};
  }
}

export {Away, Refused};
