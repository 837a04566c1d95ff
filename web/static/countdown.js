"use strict";
// Counts down to when seats are free again, and says so at two minutes and at thirty seconds.
const WARNINGS = [120, 30];
for (const clock of document.querySelectorAll(".clock[data-until]")) {
  const timer = clock.querySelector("[role=timer]");
  const until = Date.parse(clock.dataset.until);
  const spoken = document.createElement("span");
  spoken.setAttribute("role", "status");
  clock.append(spoken);
  let before = Infinity;
  const tick = () => {
    const left = Math.max(0, Math.floor((until - Date.now()) / 1000));
    timer.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
    for (const warning of WARNINGS) {
      if (left <= warning && before > warning && before !== Infinity) {
        spoken.textContent = ` Only ${warning >= 60 ? `${warning / 60} minutes` : `${warning} seconds`} left.`;
      }
    }
    before = left;
    if (left === 0) {
      spoken.textContent = " The time is up: these seats are free again.";
      clearInterval(ticking);
    }
  };
  const ticking = setInterval(tick, 1000);
  tick();
}
