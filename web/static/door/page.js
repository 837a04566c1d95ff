// The page of who lets people in: its parts put together.

import {Api, Away, Refused} from "./api.js";
import {Camera} from "./camera.js";
import {Gate, LONGEST_CODE} from "./gate.js";
import {Keeper} from "./keeper.js";
import {signal, wake} from "./signals.js";
import {Store} from "./store.js";
import {at, element, fact, fill, show, tell, verdict, words} from "./words.js";

const WORKER = "/check-in/service-worker.js";
const CREDENTIAL = /^[A-Za-z0-9_-]{43}$|^[0-9a-f-]{36}$/;
const LAST = 10;
const MOST_CONFLICTS = 100;
const MOST_TITLES = 8;
const TICK_MS = 10000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

let store, gate, keeper, camera, ending, isReadingCredential = false, ticking, shownTrouble = "";
const last = [], conflicts = [];

// Does a thing once at a time: whoever taps twice means it once.
function once(work) {
  let doing = null;
  return (...asked) => (doing ??= work(...asked).finally(() => { doing = null; }));
}

// --- A shift begins

const begin = once(async (credential) => {
  // Scans of another gate wait to be handed over: they are not to go out by this one.
  if (gate || !store || store.unsent.size) return;
  tell("trouble", "");
  if (!CREDENTIAL.test(credential)) return tell("trouble", words.badCredential);
  const askedAt = Date.now() / 1000;
  let told;
  try {
    told = await new Api(credential).getGate();
  } catch (error) {
    return tell("trouble", error instanceof Away ? words.noConnection : error.isOver ? words.badCredential : error.message);
  }
  const now = Date.parse(told.time), shows = told.shows.filter((each) => Date.parse(each.endsAt) > now);
  if (!shows.length) return tell("trouble", words.noShows);
  const shift = {
    credential, askedAt, gateName: told.gate.name, offline: told.gate.offline,
    endsAt: askedAt + (Date.parse(told.gate.endsAt) - now) / 1000,
  };
  const open = shows.filter((each) => Date.parse(each.opensAt) <= now);
  if (shows.length === 1 || open.length === 1) return take(shift, open[0] ?? shows[0]);
  await choose(shift, shows);
});

const titleOf = (shift, chosen) => new Api(shift.credential).show(chosen.showId).then((found) => found.title, () => "");

async function choose(shift, shows) {
  const near = shows.slice(0, MOST_TITLES);
  const titles = await Promise.all(near.map((each) => titleOf(shift, each)));
  element("shows").replaceChildren(...shows.map((each, place) => {
    const label = document.createElement("label"), box = document.createElement("input");
    Object.assign(box, {type: "radio", name: "show", value: place, required: true});
    label.className = "way";
    label.append(box, ` ${at(each.startsAt, true)} ${titles[place] ?? ""}`);
    return label;
  }));
  show("credential-form", false);
  show("shows-form", true);
  element("shows-form").onsubmit = (event) => {
    event.preventDefault();
    take(shift, shows[Number(new FormData(event.target).get("show"))]);
  };
}

const take = once(async (shift, chosen) => {
  const title = await titleOf(shift, chosen);
  try {
    if (!store.db) store = await Store.open();
    await store.keepShift({...shift, showId: chosen.showId, title});
  } catch {
    return tell("trouble", words.noStore);
  }
  navigator.storage?.persist?.();
  open();
});

// Whoever has no connection can load the page again, once the service worker has all of it.
async function keepPage() {
  const registration = await navigator.serviceWorker.register(WORKER, {scope: "/check-in"}), fresh = registration.installing;
  fresh?.addEventListener("statechange", () => {
    if (fresh.state === "redundant" && !registration.active && gate) tell("trouble", words.notKept);
  });
}

// --- A shift goes on

function open() {
  const {credential, gateName, title, offline, endsAt} = store.shift;
  stopCamera();
  isReadingCredential = false;
  for (const [id, is] of [["begin", false], ["left", false], ["shift", true], ["shows-form", false]]) show(id, is);
  element("where").textContent = [gateName, title].filter(Boolean).join(" · ");
  gate = new Gate(new Api(credential), store);
  keeper = new Keeper(gate, offline !== "NEVER", {changed: draw, over, listed});
  clearTimeout(ending);
  ending = setTimeout(() => { if (Date.now() / 1000 >= endsAt) over(); }, Math.min(endsAt * 1000 - Date.now(), LONGEST_TIMER_MS));
  ticking = setInterval(draw, TICK_MS);
  keepPage().catch(() => tell("trouble", words.notKept));
  draw();
}

async function read(text) {
  if (isReadingCredential) return begin(credentialIn(text));
  // Whoever is asked whether to end the shift reads no more tickets meanwhile.
  if (!gate || element("shift").inert) return;
  let scan;
  try {
    scan = text.length > LONGEST_CODE || text.includes("\0")
      ? {result: "UNKNOWN_CODE", about: {}, isOffline: false} : await gate.scan(text);
  } catch (error) {
    if (error instanceof Refused && error.isOver) return over();
    scan = {result: "ERROR", about: {}, isOffline: false, note: error.message === "FULL" ? words.full : ""};
  }
  const said = verdict(scan);
  signal(said.mood, element("sound").checked);
  last.unshift({said, time: new Date()});
  last.length = Math.min(last.length, LAST);
  draw();
  // Put in anew each time, so that the same words twice are read out twice.
  element("result").className = `result ${said.mood}`;
  for (const [id, text] of [["sign", said.sign], ["verdict", said.word], ["seat", said.seat], ["detail", said.detail]]) tell(id, text);
}

function listed(found) {
  conflicts.push(...found);
  conflicts.splice(0, conflicts.length - MOST_CONFLICTS);
}

function draw() {
  if (!gate) return;
  const {admitted, expected} = gate.count(), {list} = gate;
  const isOnline = gate.online && !keeper.isLost;
  const line = isOnline ? words.online : words.offline;
  // It is read out when it changes, not each time it is drawn.
  if (element("line").textContent !== line) tell("line", line);
  element("line").classList.toggle("off", !isOnline);
  tell("count", expected === null ? admitted : fill(words.of, {admitted, expected}));
  tell("waiting", store.unsent.size);
  const minutes = list && Math.floor(Math.max(0, gate.clock() - list.askedAt) / 60);
  const until = list && at((list.askedAt + list.goodFor) * 1000);
  tell("age", store.shift.offline === "NEVER" ? words.noList : !list ? words.none
    : !gate.hasGoodList() ? words.old : fill(words.until, {minutes, time: until}));
  if (keeper.trouble !== shownTrouble) tell("trouble", shownTrouble = keeper.trouble);
  element("scans").replaceChildren(...last.map(({said, time}) => fact(said.sign, [said.word, said.seat].filter(Boolean).join(", "), time)));
  show("conflicts", conflicts.length > 0);
  element("conflict-list").replaceChildren(...conflicts.map((one) => {
    const text = fill(words.conflict, {seat: one.seatLabel || "?", result: words.results[one.result][2]});
    return fact("!", one.atGate ? `${text}, ${one.atGate}` : text, one.usedAt ? new Date(one.usedAt) : null);
  }));
}

// --- A shift ends

const end = once(async () => {
  if (!gate) return;
  element("shift").inert = true;
  const isMeant = await mayEnd().finally(() => { element("shift").inert = false; });
  if (!gate) return;
  if (!isMeant) return element("end").focus();
  stop();
  await forgetAll();
  await welcome(words.ended);
});

// Judges what was read, and sends what waits; asks where that fails.
async function mayEnd() {
  await gate.turn;
  if (gate && store.unsent.size) await gate.sync().then(listed, () => {});
  draw();
  if (!gate || !store.unsent.size) return true;
  tell("ending-text", fill(words.unsent, {count: store.unsent.size}));
  element("ending").showModal();
  const answer = await new Promise((done) => {
    element("ending").onclose = () => done(element("ending").returnValue);
  });
  return answer === "lose";
}

// The credential is good for nothing any more. What was not sent by then is handed over before it is forgotten.
async function over() {
  if (!gate) return;
  const ended = gate;
  stop();
  await ended.close();
  // By this device's clock, which may be wrong: what the server still takes is sent.
  if (store.unsent.size) await ended.sync().catch(() => {});
  if (!store.unsent.size) {
    await forgetAll();
    return welcome(words.over);
  }
  await store.forget();
  await forgetPage();
  await welcome(words.over);
}

function stop() {
  keeper.stop();
  gate.close();
  stopCamera();
  if (element("ending").open) element("ending").close("stay");
  clearTimeout(ending);
  clearInterval(ticking);
  gate = null;
  last.length = conflicts.length = 0;
}

async function forgetPage() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("door-")).map((name) => caches.delete(name)));
  const registration = await navigator.serviceWorker?.getRegistration("/check-in");
  await registration?.unregister();
}

async function forgetAll() {
  await forgetPage();
  await store.destroy();
}

async function save() {
  const scans = [...store.unsent.values()];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(scans, null, 1)], {type: "application/json"}));
  link.download = `scans-${new Date().toISOString().slice(0, 16).replace(":", "")}.json`;
  link.click();
  await forgetAll();
  await welcome(words.ended);
}

// --- The page

async function welcome(trouble = "") {
  if (store.db && !store.unsent.size) await store.destroy();
  for (const id of ["shift", "shows-form"]) show(id, false);
  for (const id of ["begin", "credential-form"]) show(id, true);
  show("left", store.unsent.size > 0);
  show("begin", store.unsent.size === 0);
  element("credential").value = "";
  tell("where", "Boxoffice");
  tell("line", "");
  tell("trouble", trouble);
}

// A credential may be in a link to this page, behind #.
const credentialIn = (text) => (text.includes("#") ? text.slice(text.indexOf("#") + 1) : text).trim();

async function toggleCamera() {
  wake();
  tell("trouble", "");
  camera ??= new Camera(element("video"), read, () => { drawCamera(); tell("trouble", words.noCamera); });
  if (camera.isOn) return stopCamera();
  if (!Camera.isThere) return tell("trouble", words.noCamera);
  const starting = camera.start();
  drawCamera();
  await starting.catch(() => tell("trouble", words.refusedCamera));
  drawCamera();
}

function stopCamera() {
  camera?.stop();
  drawCamera();
}

function drawCamera() {
  const isOn = camera?.isOn ?? false;
  show("view", isOn);
  tell("camera", isOn ? words.stop : words.start);
}

function listen() {
  element("credential-form").onsubmit = (event) => {
    event.preventDefault();
    begin(credentialIn(element("credential").value));
  };
  element("scan-credential").onclick = () => { isReadingCredential = true; toggleCamera(); };
  element("code-form").onsubmit = (event) => {
    event.preventDefault();
    wake();
    // What people type has blanks where they do not count; a code of ours has them where they do.
    read(element("code").value);
    event.target.reset();
  };
  element("camera").onclick = toggleCamera;
  element("end").onclick = end;
  element("save").onclick = save;
}

async function checkSignatures() {
  const can = await crypto.subtle.generateKey({name: "Ed25519"}, false, ["sign", "verify"]).then(() => true, () => false);
  show("signatures", !can);
}

// Takes the credential out of the address, whether a shift can begin or not: nobody is to read it there, nor in the history.
function credentialOfLink() {
  const credential = location.hash.slice(1);
  if (credential) history.replaceState(null, "", location.pathname);
  return credential;
}

function beginByLink() {
  const credential = credentialOfLink();
  if (credential) begin(credential);
}

async function start(credential) {
  checkSignatures();
  try {
    store = await Store.open();
  } catch {
    return tell("trouble", words.noStore);
  }
  listen();
  if (store.shift && Date.now() / 1000 >= store.shift.endsAt) {
    gate = new Gate(new Api(store.shift.credential), store);
    keeper = {stop() {}};
    await over();
  } else if (store.shift) {
    open();
  } else {
    await welcome();
  }
  if (credential) await begin(credential);
}

const linked = credentialOfLink();
addEventListener("hashchange", beginByLink);
// One page at a time keeps the journal.
navigator.locks ? navigator.locks.request("door", {ifAvailable: true}, async (lock) => {
  if (!lock) return tell("trouble", words.twice);
  await start(linked);
  return new Promise(() => {});
}) : tell("trouble", words.insecure);
