"use strict";
// The map works without this: it counts what is chosen, keeps to the limit, and shows what others take meanwhile.
const form = document.getElementById("choose");
const said = document.getElementById("chosen");
const most = Number(form.dataset.most);
const boxes = new Map([...form.querySelectorAll("input[name=seat]")].map((box) => [box.value, box]));
const areas = [...form.querySelectorAll("select[data-price]")];
const REST_MS = 5000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;

function money(amount) {
  const digits = Number(form.dataset.digits);
  return new Intl.NumberFormat(undefined, {style: "currency", currency: form.dataset.currency, minimumFractionDigits: digits})
    .format(amount / 10 ** digits);
}

function count() {
  const chosen = [...boxes.values()].filter((box) => box.checked);
  let seats = chosen.length, total = chosen.reduce((sum, box) => sum + Number(box.dataset.price), 0);
  for (const area of areas) {
    seats += Number(area.value);
    total += Number(area.value) * Number(area.dataset.price);
  }
  said.textContent = seats === 0 ? `Choose up to ${most} seats.`
    : seats > most ? `You chose ${seats}, and may have ${most}.`
    : `${seats} seat${seats === 1 ? "" : "s"}, ${money(total)}`;
  return seats;
}

form.addEventListener("change", (event) => {
  if (count() > most && event.target.checked) {
    event.target.checked = false;
    count();
    said.textContent = `You may have ${most} seats.`;
  }
});
count();

// What others do, as it happens.
let sequence = Number(form.dataset.sequence), stream = null, pause = FIRST_PAUSE_MS, failures = 0, last = 0, waiting = null;

function tell(text) {
  // At most once in five seconds, or nobody could listen to it.
  clearTimeout(waiting);
  waiting = setTimeout(() => { last = Date.now(); said.textContent = text; }, Math.max(0, last + REST_MS - Date.now()));
}

function take(change) {
  for (const seat of change.seats ?? []) {
    const box = boxes.get(seat.id);
    if (!box || box.parentElement.classList.contains("mine")) continue;
    const isFree = seat.status === "AVAILABLE";
    box.disabled = !isFree;
    box.parentElement.classList.toggle("taken", !isFree);
    box.setAttribute("aria-label", box.getAttribute("aria-label").replace(/, taken$/, "") + (isFree ? "" : ", taken"));
    if (seat.price !== undefined) box.dataset.price = seat.price;
    if (!isFree && box.checked) {
      box.checked = false;
      count();
      tell("Somebody was faster with a seat that you chose. Choose another.");
    }
  }
  if (change.showCancelled) tell("This show is cancelled.");
}

async function look() {
  // Changes are kept for an hour. Who was away for longer, or is refused, sees how the seats stand, and watches from there on.
  const asked = form.dataset.section ? `?section=${encodeURIComponent(form.dataset.section)}` : "";
  const answer = await fetch(`/api/v1/seats/shows/${form.dataset.show}${asked}`).catch(() => null);
  if (!answer?.ok) return;
  const map = await answer.json();
  sequence = map.sequence;
  take(map);
}

function watch() {
  stream = new EventSource(`/api/v1/seats/shows/${form.dataset.show}/watch?afterSequence=${sequence}`);
  stream.onopen = () => { failures = 0; };
  stream.onmessage = (event) => {
    pause = FIRST_PAUSE_MS;
    sequence = Number(event.lastEventId) || sequence;
    take(JSON.parse(event.data));
  };
  stream.onerror = () => {
    // After 503 and the like a browser gives up for good, so that a new one is made.
    stream.close();
    stream = null;
    failures += 1;
    if (!document.hidden) setTimeout(async () => {
      if (failures > 1) await look();
      if (!stream && !document.hidden) watch();
    }, pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && stream) {
    stream.close();
    stream = null;
  } else if (!document.hidden && !stream) {
    watch();
  }
});
watch();
