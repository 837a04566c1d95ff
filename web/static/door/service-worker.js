"use strict";
// Keeps this one page and its files, so that a gate without a connection can be loaded again. Nothing else is kept, and no call
// of the API goes through it. The shop fills in which files there are, and the digest of each: all are of one version.
const {version, page, files} = JSON.parse('__FILES__');
const NAME = `door-${version}`;

async function fill() {
  const cache = await caches.open(NAME);
  const shown = await fetch(page, {cache: "reload"});
  if (!shown.ok || !(await shown.clone().text()).includes(`content="${version}"`)) throw new Error("of another version");
  await cache.put(page, shown);
  await Promise.all(files.map(async ({url, integrity}) => {
    await cache.put(url, await fetch(url, {cache: "reload", credentials: "omit", integrity}));
  }));
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("door-") && name !== NAME).map((name) => caches.delete(name)));
  await self.clients.claim();
}

const kept = new Set([page, ...files.map(({url}) => url)]);

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const {pathname, origin} = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin || !kept.has(pathname)) return;
  event.respondWith(caches.match(pathname, {cacheName: NAME}).then((found) => found ?? fetch(event.request)));
});
