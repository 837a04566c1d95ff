// Plays the table of cases (tests/door_cases.json) against the page's gate, with its own store; returns what went wrong.
// The arguments of the script: the cases.
const [cases] = arguments;
const BEGAN = 1800000000;
const {Gate} = await import("/assets/door/gate.js");
const {Away, Refused} = await import("/assets/door/api.js");
const {Keeper} = await import("/assets/door/keeper.js");
const {Store, MOST_WAITING} = await import("/assets/door/store.js");
const {hashOf} = await import("/assets/door/rules.js");

const codeOf = (name) => name.padEnd(122, "0");
const timeOf = (seconds) => new Date((BEGAN + seconds) * 1000).toISOString();

class Server {
  constructor(listed) { Object.assign(this, {listed, answers: [], asked: [], sent: [], extra: 0}); }
  async keys() { return null; }
  async doorList(showId) {
    const {goodFor, opensAt, endsAt, tickets} = this.listed;
    const head = {showId, goodForSeconds: goodFor, madeAt: timeOf(0), opensAt: timeOf(opensAt), endsAt: timeOf(endsAt)};
    const parts = await Promise.all(Object.entries(tickets).map(async ([name, where]) => ({tickets: [{
      ticketId: `ticket ${name}`, revision: 1, codeHash: await hashOf(codeOf(name)),
      isUsed: where === "used", letsInHere: where === "here",
    }]})));
    return [{head}, ...parts, {end: {tickets: parts.length + this.extra}}];
  }
  async checkIn(wish) {
    this.asked.push(wish.idempotencyKey);
    const result = this.answers.shift();
    if (result === null) throw new Away("away");
    if (result.startsWith("GATE_")) throw new Refused(400, result, result);
    const name = wish.code.replace(/0+$/, "");
    return {result, ticketId: name === "Z" ? "" : `ticket ${name}`};
  }
  async sync({scans}) {
    if (this.answers === null) throw new Away("away");
    this.sent.push(...scans);
    return {scans: this.answers.map((result) => ({result}))};
  }
}

class Play {
  constructor(one) {
    Object.assign(this, {one, now: BEGAN + (one.ahead ?? 0), server: new Server(one.list), keys: new Map(), wrong: []});
  }
  same(step, is, wanted) {
    if (JSON.stringify(is) !== JSON.stringify(wanted)) {
      this.wrong.push(`${this.one.name}: ${JSON.stringify(step)}: ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
    }
  }
  named(step, keys, names) {
    names.forEach((name, place) => { if (!this.keys.has(name)) this.keys.set(name, keys[place]); });
    this.same(step, keys, names.map((name) => this.keys.get(name)));
    this.same(step, new Set(this.keys.values()).size, this.keys.size);
  }
  async open() {
    this.store?.db.close();
    this.store = await Store.open();
    if (!this.store.shift) await this.store.keepShift({showId: "show"});
    this.gate = new Gate(this.server, this.store, {clock: () => this.now});
  }
  async play() {
    await this.open();
    if (this.one.list) await this.gate.refresh();
    for (const step of this.one.steps) {
      this.now = BEGAN + (this.one.ahead ?? 0) + (step.at ?? 0);
      if (step.restart) await this.open();
      else if (step.slept) this.gate.list.askedOn -= step.slept;
      else if (step.refresh) await this.cut(step);
      else if ("scan" in step) await this.scan(step);
      else await this.sync(step);
    }
    await this.store.destroy();
    return this.wrong;
  }
  async cut(step) {
    this.server.extra = 1;
    this.same(step, await this.gate.refresh().then(() => "taken", (error) => error.message.includes(step.refresh)), true);
  }
  async scan(step) {
    [this.server.answers, this.server.asked] = [[...step.answers], []];
    const code = step.dropsBlank ? codeOf(step.scan).slice(1) : codeOf(step.scan);
    const scan = await this.gate.scan(code).catch((error) => ({result: null, error: error.message}));
    this.same(step, scan.result, step.result);
    if (step.result !== null) {
      this.same(step, [scan.cameIn, scan.isOffline], [step.cameIn, step.offline]);
      this.named(step, [scan.key], [step.key]);
    }
    this.named(step, this.server.asked, step.asked);
  }
  async sync(step) {
    [this.server.answers, this.server.sent] = [step.sync, []];
    const conflicts = await this.gate.sync().then((found) => found.length, () => "failed");
    if (step.sync === null) return this.same(step, conflicts, "failed");
    this.same(step, conflicts, step.conflicts);
    this.named(step, this.server.sent.map((one) => one.key), step.sent.map(([key]) => key));
    this.same(step, this.server.sent.map((one) => [
      one.ticketId.replace("ticket ", ""), one.cameIn, one.result, Date.parse(one.gateTime) / 1000 - BEGAN,
    ]), step.sent.map(([, ...rest]) => rest));
  }
}

const wrong = [];
for (const one of cases) wrong.push(...await new Play(one).play().catch((error) => [`${one.name}: ${error.stack}`]));

// A device that is full reads no more, and asks nobody.
const full = new Play({name: "full", list: null, steps: []});
await full.open();
for (let number = 0; number < MOST_WAITING; number += 1) full.store.asked.set(`${number}`, {});
const said = await full.gate.scan(codeOf("A")).then(() => "read", (error) => error.message);
full.same({}, [said, full.server.asked.length, full.store.unsent.size], ["FULL", 0, 0]);
await full.store.destroy();

// Conflicts of a call that failed half-way are told by the next.
const lost = new Play({name: "lost", list: null, steps: []});
await lost.open();
const one = {ticketId: "", revision: 0, gateTime: BEGAN, cameIn: true, result: "ADMITTED"};
for (let number = 0; number < 101; number += 1) lost.store.unsent.set(number, {...one, key: `${number}`});
let calls = 0;
lost.server.sync = async ({scans}) => {
  if ((calls += 1) === 2) throw new Away("away");
  return {scans: scans.map(() => ({result: "REVOKED"}))};
};
const tries = [await lost.gate.sync().catch(() => "failed"), (await lost.gate.sync()).length, (await lost.gate.sync()).length];
lost.same({}, tries, ["failed", 101, 0]);
await lost.store.destroy();

// A list that comes when the shift is over is not kept.
const ended = new Play({...cases[0], name: "ended"});
await ended.open();
const coming = ended.gate.refresh().then(() => "kept", () => "not kept");
ended.gate.close();
ended.same({}, [await coming, ended.store.list], ["not kept", null]);
await ended.store.destroy();

// A gate whose list got too old, and which gets no other, asks as soon as it can.
const stuck = new Play({name: "stuck", list: null, steps: []});
const gate = {online: false, hasGoodList: () => false, steady: () => 0, store: {unsent: new Map()}};
gate.refresh = async () => { throw new Error("the door list was cut off"); };
await new Promise((changed) => {
  const keeper = new Keeper(gate, true, {over() {}, listed() {}, changed() { keeper.stop(); changed(); }});
});
stuck.same({}, gate.online, true);
return [wrong, full.wrong, lost.wrong, ended.wrong, stuck.wrong].flat();
