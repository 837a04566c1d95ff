// What a gate keeps on its device, in IndexedDB: its shift, its door list, and the journal of its scans. A write is over
// when it is on disk ("strict"). No code is kept, only hashes.

const NAME = "door";
const STORES = ["shift", "list", "asked", "used", "unsent"];

// So many scans wait at most, so that a device without a connection does not run full.
export const MOST_WAITING = 20000;

function over(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class Store {
  static async open() {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const name of STORES) request.result.createObjectStore(name, name === "unsent" ? {autoIncrement: true} : {});
    };
    const store = new Store();
    store.db = await over(request);
    await store.read();
    return store;
  }

  // What is kept, as an earlier page left it.
  async read() {
    const tx = this.db.transaction(STORES);
    const rows = (name) => Promise.all([over(tx.objectStore(name).getAllKeys()), over(tx.objectStore(name).getAll())]);
    const [[, [shift]], [, [list]], asked, used, unsent] = await Promise.all(STORES.map(rows));
    const pairs = ([keys, values]) => keys.map((key, place) => [key, values[place]]);
    this.shift = shift ?? null;
    this.list = list ?? null;
    // By hashes of codes: under which key the server was asked, and when, where it has not answered.
    this.asked = new Map(pairs(asked));
    // The tickets that this gate knows to be used, and since when.
    this.used = new Map(pairs(used));
    // What the gate has decided by itself and has not sent, in order.
    this.unsent = new Map(pairs(unsent));
  }

  _write(names, work) {
    return new Promise((resolve, reject) => {
      const tx = this.db.transaction(names, "readwrite", {durability: "strict"});
      tx.oncomplete = () => resolve();
      tx.onabort = tx.onerror = () => reject(tx.error ?? new Error("this device does not keep what it has to"));
      work(...names.map((name) => tx.objectStore(name)));
    });
  }

  async keepShift(shift) {
    await this._write(["shift"], (shifts) => shifts.put(shift, "now"));
    this.shift = shift;
  }

  async keepList(list) {
    await this._write(["list"], (lists) => lists.put(list, "now"));
    this.list = list;
  }

  checkRoom() {
    if (this.asked.size + this.unsent.size >= MOST_WAITING) throw new Error("FULL");
  }

  async noteAsked(hash, key, at) {
    this.checkRoom();
    await this._write(["asked"], (asked) => asked.put({key, at}, hash));
    this.asked.set(hash, {key, at});
  }

  async noteAnswered(hash, usedTickets, at) {
    await this._write(["asked", "used"], (asked, used) => {
      asked.delete(hash);
      for (const ticket of usedTickets) used.put(at, ticket);
    });
    this.asked.delete(hash);
    for (const ticket of usedTickets) this.used.set(ticket, at);
  }

  async noteDecided(decided) {
    this.checkRoom();
    const isAsked = this.asked.get(decided.codeHash)?.key === decided.key;
    let number;
    await this._write(["asked", "used", "unsent"], (asked, used, unsent) => {
      if (isAsked) asked.delete(decided.codeHash);
      if (decided.cameIn) used.put(decided.gateTime, decided.ticketId);
      const adding = unsent.add(decided);
      adding.onsuccess = () => { number = adding.result; };
    });
    if (isAsked) this.asked.delete(decided.codeHash);
    if (decided.cameIn) this.used.set(decided.ticketId, decided.gateTime);
    this.unsent.set(number, decided);
  }

  async noteSent(numbers) {
    await this._write(["unsent"], (unsent) => numbers.forEach((number) => unsent.delete(number)));
    numbers.forEach((number) => this.unsent.delete(number));
  }

  // Tells whether somebody came in by this code whom the server does not know of: it would let in once more.
  hasToTell(hash) {
    return [...this.unsent.values()].some((one) => one.cameIn && one.codeHash === hash);
  }

  // Forgets all but the scans that were not sent: these are handed over first.
  async forget() {
    const names = ["shift", "list", "asked", "used"];
    await this._write(names, (...stores) => stores.forEach((store) => store.clear()));
    [this.shift, this.list] = [null, null];
    this.asked.clear();
    this.used.clear();
  }

  // Leaves nothing.
  async destroy() {
    this.db.close();
    await over(indexedDB.deleteDatabase(NAME));
    this.db = null;
    [this.shift, this.list] = [null, null];
    for (const kept of [this.asked, this.used, this.unsent]) kept.clear();
  }
}
