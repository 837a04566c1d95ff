// What a gate decides by itself. The same rules as the Python client's Gate (boxoffice_client.gate), and held to the same cases
// (tests/door_cases.json). Nothing here waits for the network or reads a clock: times are seconds since 1970.

export const CODE_LENGTH = 122;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

// A code begins with a blank at times, which readers drop.
export const whole = (code) => (code.length === CODE_LENGTH - 1 ? ` ${code}` : code);

export async function hashOf(code) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const seconds = (time) => Date.parse(time) / 1000;

export class DoorList {
  // `askedOn`: when it was asked for by a clock that nobody can set; null: an earlier page asked.
  constructor({head, tickets, keys, askedAt}, askedOn = null) {
    this.goodFor = head.goodForSeconds;
    this.madeAt = seconds(head.madeAt);
    this.opensAt = seconds(head.opensAt);
    this.endsAt = seconds(head.endsAt);
    this.tickets = new Map(tickets.map((ticket) => [ticket.codeHash, ticket]));
    this.keys = keys;
    this.askedAt = askedAt;
    this.askedOn = askedOn;
  }

  // A clock that was set back says nothing of the list's age.
  isGood(now, on) {
    const age = this.askedOn === null ? 0 : on - this.askedOn;
    return now - this.askedAt >= 0 && Math.max(now - this.askedAt, age) < this.goodFor;
  }

  judge(ticket, now, on) {
    const at = this.madeAt + (now - this.askedAt);
    if (!this.isGood(now, on)) return "LIST_TOO_OLD";
    if (!ticket) return "UNKNOWN_CODE";
    if (ticket.isUsed) return "ALREADY_USED";
    if (at < this.opensAt) return "TOO_EARLY";
    if (at >= this.endsAt) return "SHOW_OVER";
    return ticket.letsInHere ? "ADMITTED" : "OTHER_GATE";
  }
}

// Puts the parts of a list together; throws where it was cut off. The last part says how many tickets there are.
export function assembled(parts, showId) {
  const head = parts.find((part) => part.head)?.head, end = parts.at(-1)?.end;
  const tickets = parts.flatMap((part) => part.tickets ?? []);
  if (!head || !end || (end.tickets ?? 0) !== tickets.length || head.showId !== showId) {
    throw new Error("the door list was cut off: ask for it again");
  }
  return {head, tickets};
}

// base45 (RFC 9285); null where it is none.
export function decoded(text) {
  const bytes = [];
  for (let begin = 0; begin < text.length; begin += 3) {
    const values = [...text.slice(begin, begin + 3)].map((letter) => ALPHABET.indexOf(letter));
    if (values.length < 2 || values.includes(-1)) return null;
    const value = values.reduce((sum, each, place) => sum + each * 45 ** place, 0);
    if (value >= 256 ** (values.length - 1)) return null;
    if (values.length === 3) bytes.push(value >> 8);
    bytes.push(value & 255);
  }
  return new Uint8Array(bytes);
}

function bytesOf(base64url) {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

// Tells whether a code bears a signature of ours: true, false, or null where this browser cannot check (no Ed25519).
// `published` is /.well-known/ticket-keys.json. The signature is over type, audience, and what comes before it.
export async function isSigned(code, published) {
  const content = code.length === CODE_LENGTH ? decoded(code) : null;
  if (!published) return null;
  if (!content) return false;
  const key = published.keys.find((each) => each.number === content[0] >> 4);
  if (!key) return false;
  const context = new TextEncoder().encode(`${published.type}\0${published.audience}\0`);
  try {
    const imported = await crypto.subtle.importKey("raw", bytesOf(key.x), {name: "Ed25519"}, false, ["verify"]);
    const signed = new Uint8Array([...context, ...content.slice(0, 17)]);
    return await crypto.subtle.verify({name: "Ed25519"}, imported, content.slice(17), signed);
  } catch {
    return null;
  }
}
