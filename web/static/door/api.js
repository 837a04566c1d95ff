// The three calls of a gate, and what else it reads. Each has a deadline and a bound.

const LARGEST_ANSWER = 64 * 1024 * 1024;
const AWAY = [429, 502, 503, 504];

// Nobody answered, or not in time: the gate decides by itself, and asks again later.
export class Away extends Error {}

// The server said no.
export class Refused extends Error {
  constructor(status, reason, message) {
    super(message);
    [this.status, this.reason] = [status, reason];
  }

  // The credential is good for nothing any more.
  get isOver() {
    return this.status === 401 || this.reason === "GATE_NOT_FOUND";
  }
}

export class Api {
  // `credential`: of the gate. In a system for development, where credentials say nothing, the gate's id.
  constructor(credential) {
    const isId = /^[0-9a-f-]{36}$/.test(credential);
    this.gate = isId ? {gateId: credential} : {};
    this.headers = isId ? {} : {"gate-credential": credential};
  }

  getGate() { return this._get("/api/v1/gate", {}, 8); }
  // A list comes in parts, a line of JSON each.
  doorList(showId) { return this._get("/api/v1/door-list", {showId}, 60, linesOf); }
  checkIn(scan, within) { return this._post("/api/v1/check-ins", scan, within); }
  sync(scans) { return this._post("/api/v1/check-ins/sync", scans, 15); }
  show(id) { return ask(`/api/v1/shows/${encodeURIComponent(id)}`, {}, 8); }
  keys() { return ask("/.well-known/ticket-keys.json", {}, 8); }

  _get(path, query, within, parse = JSON.parse) {
    return ask(`${path}?${new URLSearchParams({...query, ...this.gate})}`, {headers: this.headers}, within, parse);
  }

  _post(path, body, within) {
    const headers = {...this.headers, "content-type": "application/json"};
    return ask(path, {method: "POST", headers, body: JSON.stringify({...body, ...this.gate})}, within);
  }
}

const linesOf = (text) => text.trim().split("\n").map((line) => JSON.parse(line));

// Asks, and gives up after so many seconds. Throws Away or Refused.
async function ask(path, options, within, parse = JSON.parse) {
  let answer, text;
  try {
    answer = await fetch(path, {
      ...options, cache: "no-store", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(within * 1000),
    });
    text = await bounded(answer);
  } catch (error) {
    throw new Away(error.message);
  }
  if (AWAY.includes(answer.status)) throw new Away(`answered ${answer.status}`);
  const said = parsed(text, answer.ok ? parse : JSON.parse);
  if (answer.ok && said !== null) return said;
  if (answer.ok) throw new Away("the answer was cut off");
  const reason = said?.details?.find((detail) => detail.reason)?.reason ?? "";
  throw new Refused(answer.status, reason, said?.message ?? `answered ${answer.status}`);
}

async function bounded(answer) {
  const reader = answer.body.getReader(), read = new TextDecoder();
  let text = "", size = 0;
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return text + read.decode();
    size += value.length;
    if (size > LARGEST_ANSWER) throw new Error("the answer is too large");
    text += read.decode(value, {stream: true});
  }
}

function parsed(text, parse) {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
