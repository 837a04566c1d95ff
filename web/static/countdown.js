"use strict";
// Counts down to when seats are free again. At two minutes and at thirty seconds it says so, and offers more time where there
// is a button for it.
for (const clock of document.querySelectorAll(".clock[data-until]")) {
  const timer = clock.querySelector("[role=timer]");
  const until = Date.parse(clock.dataset.until);
  // The server's clock says when seats are free again; this one may be wrong.
  const late = Date.now() - Date.parse(clock.dataset.now);
  const spoken = document.createElement("span");
  spoken.setAttribute("role", "status");
  clock.append(spoken);
  const warnings = Object.entries(JSON.parse(clock.dataset.warnings)).reverse();  // the most seconds first
  const longer = document.querySelector("button[value=extend]");
  let before = Infinity;
  const tick = () => {
    const left = Math.max(0, Math.floor((until - (Date.now() - late)) / 1000));
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    timer.textContent = clock.dataset.left.replace("{time}", time);
    for (const [warning, text] of warnings) {
      if (left > warning || before <= warning) continue;
      clock.classList.add("urgent");
      clock.parentElement.classList.toggle("urgent", clock.parentElement.matches(".holding"));
      spoken.textContent = ` ${text}${longer ? ` ${longer.textContent}?` : ""}`;
    }
    before = left;
    if (left === 0) {
      spoken.textContent = ` ${clock.dataset.over}`;
      clearInterval(ticking);
    }
  };
  const ticking = setInterval(tick, 1000);
  tick();
}
