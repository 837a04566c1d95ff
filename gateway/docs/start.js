// In a file of its own: the page's policy allows no script inside it.
const ui = SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  // Nobody else is asked to judge the document.
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
});

// A link of the steps opens its operation.
document.querySelector(".begin").addEventListener("click", (event) => {
  const [tag, operation] = event.target.dataset?.operation?.split("/") ?? [];
  const block = document.getElementById(`operations-${tag}-${operation}`);
  if (!block) return;
  event.preventDefault();
  ui.layoutActions.show(["operations", tag, operation], true);
  block.scrollIntoView();
});

// The steps name what there is here; where there is nothing, or the line is bad, they stay as they are.
const asked = (path) => fetch(`/api/v1/${path}`).then((answer) => answer.ok ? answer.json() : {}, () => ({}));
function put(values) {
  for (const code of document.querySelectorAll(".begin pre code")) {
    code.textContent = code.textContent.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }
}
put({host: location.origin, user: crypto.randomUUID?.(), key: crypto.randomUUID?.()});
asked("shows?pageSize=20").then(async ({shows = []}) => {
  const show = shows.find((each) => each.status === "ON_SALE" && !each.soldOut);
  if (!show) return;
  const {seats = []} = await asked(`seats/shows/${show.id}/available`);
  put({show: show.id, seat: seats[0]?.id});
});
