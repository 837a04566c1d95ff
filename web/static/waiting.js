"use strict";
// Looks every few seconds whether the bank has answered, and shows the page anew when it has.
const LOOK_MS = 5000;
const waiting = setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch(location.href, {redirect: "manual"}).catch(() => null);
  const isOver = answer?.type === "opaqueredirect" || (answer?.ok && !(await answer.text()).includes("data-waiting"));
  if (!isOver) return;
  clearInterval(waiting);
  location.reload();
}, LOOK_MS);
