"use strict";
// The form works without this: it counts what is chosen, keeps to the limit, and shows what others take meanwhile.
const form = document.getElementById("choose");
const words = JSON.parse(form.dataset.words);
const sum = document.getElementById("chosen");
const news = document.getElementById("news");
const notice = document.getElementById("notice");
const most = Number(form.dataset.most);
const boxes = new Map([...form.querySelectorAll("input[name=seat]")].map((box) => [box.value, box]));
const names = new Map([...boxes.values()].map((box) => [box, nameOf(box)]));
const areas = [...form.querySelectorAll("select[data-price]")];
const chosen = new Set();
const lapses = new Map();
// The server's clock says when a seat is free again; this one may be wrong.
const late = Date.now() - Date.parse(form.dataset.now);
const REST_MS = 5000;
const OWN = ["mine", "reserved"];

function put(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function money(amount) {
  const digits = Number(form.dataset.digits);
  const style = {style: "currency", currency: form.dataset.currency, minimumFractionDigits: digits};
  return new Intl.NumberFormat(document.documentElement.dataset.locale, style).format(amount / 10 ** digits);
}

// The name of a seat without what it is at the moment.
function nameOf(box) {
  const label = box.getAttribute("aria-label"), state = box.dataset.state;
  return state ? label.slice(0, -`, ${words[state]}`.length) : label;
}

function brief(box) {
  return names.get(box).split(", ").slice(0, 2).join(", ");
}

// What has to be seen, too, stays until there is something newer.
function show(text, ...more) {
  notice.replaceChildren(`${text} `, ...more);
  tell(text);
}

// News is told at most once in five seconds, or nobody could listen to it. What others did is not left out for what one did oneself.
let toldAt = 0, telling = null, own = "", others = "";

function tell(text, isOwn = false) {
  if (isOwn) own = text;
  else others = text;
  telling ??= setTimeout(() => {
    [toldAt, telling] = [Date.now(), null];
    news.textContent = [others, own].filter(Boolean).join(" ");
    own = others = "";
  }, Math.max(0, toldAt + REST_MS - Date.now()));
}

function count() {
  let seats = chosen.size, total = 0;
  for (const box of chosen) total += Number(box.dataset.price);
  for (const area of areas) {
    seats += Number(area.value);
    total += Number(area.value) * Number(area.dataset.price);
  }
  sum.textContent = put(seats === 0 ? words.none : seats === 1 ? words.one : words.some, {count: seats, total: money(total), most});
  return seats;
}

function draw(box) {
  if (box.checked) chosen.add(box);
  else chosen.delete(box);
  map?.paint(box);
}

form.addEventListener("change", (event) => {
  const box = event.target;
  if (!names.has(box)) {
    count();
    return;
  }
  draw(box);
  if (count() > most && box.checked) {
    box.checked = false;
    draw(box);
    count();
    show(put(words.tooMany, {most}));
  } else {
    tell(put(box.checked ? words.alsoChosen : words.notChosen, {seat: brief(box), sum: sum.textContent}), true);
  }
});

// What seats become.
function become(box, state) {
  const before = box.dataset.state ?? "";
  if (state === before) return;
  box.parentElement.classList.replace(before || "free", state || "free");
  if (state) box.dataset.state = state;
  else delete box.dataset.state;
  box.disabled = state !== "" && state !== "code";
  box.setAttribute("aria-label", state ? `${names.get(box)}, ${words[state]}` : names.get(box));
  const isLost = box.disabled && box.checked;
  if (isLost) box.checked = false;
  draw(box);
  if (isLost) lose(box);
}

function lose(box) {
  count();
  const way = document.createElement("a"), asked = [...chosen].map((other) => `&seat=${other.value}`).join("");
  way.href = `${form.dataset.here}&instead=${box.value}${asked}`;
  way.textContent = words.instead;
  show(put(words.lost, {seat: brief(box)}), way);
}

function takeSeat(seat) {
  const box = boxes.get(seat.id);
  const isClaim = seat.status === "HELD" || seat.status === "BOOKED";
  // Everybody is told the same: what one has oneself stays so, as long as somebody has it.
  if (!box || (isClaim && OWN.includes(box.dataset.state))) return;
  if (seat.expiresAt) lapses.set(box, Date.parse(seat.expiresAt));
  else lapses.delete(box);
  box.toggleAttribute("data-blocked", seat.blocked === true);
  const closed = form.dataset.code ? "code" : "blocked";
  become(box, isClaim ? "taken" : seat.status === "BLOCKED" ? closed : "");
}

function takeArea(area) {
  const select = document.getElementById(`area-${area.id}`);
  if (!select) return;
  const room = (area.available ?? 0) + Number(select.dataset.mine);
  document.querySelector(`[data-free="${area.id}"]`).textContent = area.available ?? 0;
  for (const option of select.options) option.disabled = Number(option.value) > room;
}

function take(change, isMap) {
  for (const seat of change.seats ?? []) takeSeat(seat);
  for (const area of change.areas ?? []) takeArea(area);
  if (change.showCancelled) show(words.cancelled);
  if (change.rescheduled) show(words.rescheduled);
  if (!isMap && change.prices?.length) show(words.prices);
}

// Claims lapse without a change.
setInterval(() => {
  const now = Date.now() - late;
  let isOwn = false;
  for (const [box, until] of lapses) {
    if (until > now) continue;
    lapses.delete(box);
    isOwn ||= OWN.includes(box.dataset.state);
    become(box, !box.hasAttribute("data-blocked") ? "" : form.dataset.code ? "code" : "blocked");
  }
  if (!isOwn) return;
  show(words.lapsed);
  live.look();
}, 1000);

// The browser may have put back what was chosen before.
function begin() {
  for (const box of boxes.values()) {
    if (box.checked !== chosen.has(box)) draw(box);
  }
  count();
}

function drawn() {
  const host = document.getElementById("hall");
  if (!host || typeof SeatMap === "undefined") return null;
  try {
    return new SeatMap(host, form, words, document.querySelector(".about"));
  } catch (error) {
    document.documentElement.classList.remove("has-map");
    throw error;
  }
}

for (const box of boxes.values()) {
  if (box.dataset.until) lapses.set(box, 1000 * Number(box.dataset.until));
}
const map = drawn();
begin();
addEventListener("pageshow", begin);
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => map?.zoomBy(button.dataset.zoom));
}
const live = new SeatStream({
  show: form.dataset.show,
  section: form.dataset.section,
  sequence: Number(form.dataset.sequence),
  take,
  behind: (isBehind) => { document.getElementById("behind").textContent = isBehind ? words.behind : ""; },
});
