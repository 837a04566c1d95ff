"use strict";
// The page works without this: it counts what is chosen, and chooses whole rows.
const form = document.getElementById("office-seats");
const said = document.getElementById("chosen");
const words = JSON.parse(form.dataset.words);

function count() {
  const seats = form.querySelectorAll("input[name=seat]:checked").length;
  const places = [...form.querySelectorAll("input[type=number]")].reduce((sum, area) => sum + Number(area.value), 0);
  const chosen = seats + places;
  const sentence = chosen === 0 ? words.none : chosen === 1 ? words.one : words.some;
  said.textContent = sentence.replace("{count}", () => chosen);
}

for (const row of form.querySelectorAll(".row")) {
  const name = row.querySelector(".name");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "name";
  button.textContent = name.textContent;
  button.setAttribute("aria-label", words.row.replace("{row}", () => name.textContent));
  button.addEventListener("click", () => {
    const boxes = [...row.querySelectorAll("input[name=seat]")];
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
    count();
  });
  name.replaceWith(button);
}
form.addEventListener("change", count);
count();
