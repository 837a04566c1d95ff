// What the page says: the words that came with it, and the elements that they go into.

export const words = JSON.parse(document.getElementById("words").textContent);
export const element = (id) => document.getElementById(id);
export const show = (id, is) => { element(id).hidden = !is; };
export const tell = (id, text) => { element(id).textContent = text; };
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// Writes when something is, by the clock of this device.
export function at(time, withDay = false) {
  const day = withDay ? {weekday: "short", day: "numeric", month: "short"} : {};
  return new Date(time).toLocaleString(document.documentElement.lang, {...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
}

const plain = (name) => words.names[name] ?? name.toLowerCase().replaceAll("_", " ");

// Returns what to show of a scan: a mood, a sign, words, the seat, and more about it.
export function verdict({result, about, isOffline, signed, note = ""}) {
  const [mood, sign, word, more] = words.results[result] ?? words.results.ERROR;
  const {atGate, usedAt, opensAt, kind, features = [], guestName = ""} = about;
  const special = [guestName, kind && kind !== "ADULT" ? plain(kind) : "", ...features.map(plain)].filter(Boolean).join(", ");
  const detail = [
    special,
    atGate && usedAt ? fill(words.used, {gate: atGate, time: at(usedAt)}) : atGate ? fill(words.go, {gate: atGate}) : more,
    opensAt ? fill(words.opens, {time: at(opensAt, true)}) : "",
    signed === true ? words.signed : signed === false ? words.forged : "",
    note,
    isOffline ? words.judged : "",
  ];
  return {mood, sign, word, seat: about.seatLabel ?? "", detail: detail.filter(Boolean).join(" ")};
}

// Returns a line of a list: a sign, a text, and when it was.
export function fact(sign, text, time) {
  const line = document.createElement("li");
  for (const [tag, said] of [["span", sign], ["span", text], ["time", time ? at(time) : ""]]) {
    const part = document.createElement(tag);
    part.textContent = said;
    line.append(part);
  }
  return line;
}
