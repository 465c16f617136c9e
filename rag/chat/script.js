// Runs once in each pane (Gradio's js_on_load): `element`, `trigger` and `watch` are given.
// The server decides what a click means: only what was clicked is sent, by its numbers.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("closes" in button.dataset) return element.classList.remove("open");
  if (!button.dataset.opens) return;
  document.querySelectorAll("button.opened").forEach((old) => old.classList.remove("opened"));
  button.classList.add("opened");
  trigger("opens", {
    kind: button.dataset.opens,
    turn: Number(button.dataset.turn),
    number: Number(button.dataset.number),
  });
});

// A source that was opened comes into view and flashes once.
function reveal() {
  const source = element.querySelector(".source");
  element.classList.toggle("open", Boolean(source));
  if (!source) return;
  const page = source.querySelector(".page");
  const mark = source.querySelector("mark");
  if (!page || !mark) return;
  mark.classList.remove("flash");
  const above = mark.getBoundingClientRect().top - page.getBoundingClientRect().top;
  page.scrollTop += above - Math.max(24, (page.clientHeight - mark.offsetHeight) / 3);
  void mark.offsetWidth; // so that the animation starts anew
  mark.classList.add("flash");
}

// A new question comes into view; after that the page stays where its reader has it.
let asked = 0;
function follow() {
  const live = element.querySelector(".turn.live");
  const turns = document.querySelectorAll(".turn").length;
  if (live && turns !== asked) live.scrollIntoView({ block: "start" });
  asked = turns;
}

watch("value", () => {
  reveal();
  follow();
});
