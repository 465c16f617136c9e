// Runs once, in the pane of the source (Gradio's js_on_load): `element`, `trigger`, `watch` and
// `props` are given. The server decides what a click means: only what was clicked is sent, by its
// numbers. Text of documents is only ever set as text.
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const narrow = matchMedia("(max-width: 860px)");
const ZOOMS = [1, 1.25, 1.5, 2, 3];

// What is drawn anew forgets what its reader did with it; this remembers.
const kept = {
  opened: "", // the button in the conversation whose source is shown
  ticket: 0, // of the last source that was asked for
  shown: 0, // of the last one that came
  inside: false, // the focus was in the source when it was asked for
  into: false, // the focus goes to its marks
  end: false, // it is read from its end
  zoom: 0,
  focus: "", // the button in the conversation that has the focus
  folds: new Set(), // those that are open
};

document.addEventListener("click", (event) => {
  const clicked = event.target.closest?.("button, mark");
  if (!clicked) return;
  const data = clicked.dataset;
  if ("closes" in data) close();
  else if ("zoom" in data) zoom(Number(data.zoom));
  else if ("copy" in data) copy(clicked);
  else if ("rests" in data) rest(clicked);
  else if (data.opens) open(clicked, event.detail === 0);
});

// Opening a source

function nameOf({ dataset }) {
  const { opens, turn, number } = dataset;
  const [kind, ...at] = [opens, turn, number].map((part) => CSS.escape(part ?? ""));
  return `button[data-opens="${kind}"][data-turn="${at[0]}"][data-number="${at[1]}"]`;
}

function open(button, byKeyboard) {
  const { opens, turn, number, at, text } = button.dataset;
  hide();
  kept.opened = nameOf(button);
  kept.inside = element.contains(document.activeElement);
  kept.into = kept.inside ? document.activeElement.matches("mark, .page") : byKeyboard;
  kept.end = button.classList.contains("earlier");
  show();
  trigger("opens", {
    kind: opens,
    turn: Number(turn),
    number: Number(number),
    at: at === undefined ? null : Number(at),
    text: text !== undefined,
    ticket: (kept.ticket += 1), // of two that are on their way, the later one is shown
  });
}

function close() {
  element.classList.remove("open");
  kept.inside = kept.into = false;
  one(`#thread ${kept.opened || "x"}`)?.focus();
}

// A source that was opened comes into view and flashes once.
function reveal() {
  const source = one(".source", element);
  element.classList.toggle("open", Boolean(source));
  if (!source) return;
  zoom(0);
  const page = one(".page", source);
  if (!page || one(".drawing", page)) return; // to come
  if (Number(source.dataset.ticket) !== kept.ticket || kept.shown === kept.ticket) return;
  kept.shown = kept.ticket;
  const first = one("mark.first", page) ?? one("mark.opened", page);
  page.scrollTop = kept.end ? page.scrollHeight : 0;
  if ("flashes" in source.dataset && first) {
    const above = first.getBoundingClientRect().top - page.getBoundingClientRect().top;
    page.scrollTop += above - Math.max(24, page.clientHeight / 3);
    flash(all("mark.opened", page));
  }
  const lost = kept.inside && document.activeElement === document.body; // what had the focus is gone
  if (kept.into || lost) (first ?? page).focus({ preventScroll: true });
}

function flash(marks) {
  for (const mark of marks) {
    mark.classList.remove("flash");
    void mark.offsetWidth; // so that the animation starts anew
    mark.classList.add("flash");
  }
}

function zoom(step) {
  kept.zoom = Math.min(Math.max(kept.zoom + step, 0), ZOOMS.length - 1);
  const [page, paper, said] = [".page.drawn", ".paper", ".zoom"].map((part) => one(part, element));
  if (!paper) return;
  const middle = (page.scrollTop + page.clientHeight / 2) / page.scrollHeight;
  paper.style.setProperty("--zoom", ZOOMS[kept.zoom]);
  said.textContent = `${100 * ZOOMS[kept.zoom]} %`;
  if (!step) return;
  page.scrollTop = middle * page.scrollHeight - page.clientHeight / 2;
  page.scrollLeft = (page.scrollWidth - page.clientWidth) / 2;
}

// The sentences that rest on a mark
function rest(mark) {
  if (!getSelection().isCollapsed) return; // the words are being selected
  all(".sentence.rests").forEach((sentence) => sentence.classList.remove("rests"));
  const names = mark.dataset.rests.split(" ").filter(Boolean);
  const sentences = names.flatMap((name) => all(`#thread [data-sentence="${CSS.escape(name)}"]`));
  sentences.forEach((sentence) => sentence.classList.add("rests"));
  one(".resting", element).textContent = mark.dataset.said;
  sentences[0]?.scrollIntoView({ block: narrow.matches ? "start" : "nearest" });
  if (mark.matches(":focus-visible")) sentences[0]?.focus({ preventScroll: true });
}

// Keys, while the source has the focus
element.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const mark = event.target.closest("mark");
  const button = one(`[data-key="${CSS.escape(event.key)}"]`, element);
  if (mark && (event.key === "Enter" || event.key === " ")) rest(mark);
  else if (button) button.click();
  else return;
  event.preventDefault();
});

// The quote of the citation that the pointer, or the focus, is on
const tip = document.createElement("div");
Object.assign(tip, { id: "tip", role: "tooltip", popover: "manual" });
let [leaving, anchor] = [0, null];

function hide() {
  clearTimeout(leaving);
  if (tip.matches(":popover-open")) tip.hidePopover();
}

function hint(button) {
  clearTimeout(leaving);
  const parts = ["from", "quote"].map((part) => {
    const line = document.createElement(part === "quote" ? "q" : "span");
    line.dir = "auto";
    line.textContent = button.dataset[part];
    return line;
  });
  tip.replaceChildren(...parts);
  one(".gradio-container").append(tip);
  button.setAttribute("aria-describedby", tip.id);
  anchor = button;
  tip.showPopover();
  put();
}

function put() {
  if (!tip.matches(":popover-open")) return;
  const [at, own] = [anchor.getBoundingClientRect(), tip.getBoundingClientRect()];
  const below = at.bottom + 6 + own.height < innerHeight;
  tip.style.top = `${below ? at.bottom + 6 : Math.max(6, at.top - 6 - own.height)}px`;
  tip.style.left = `${Math.max(8, Math.min(at.left - 24, innerWidth - own.width - 8))}px`;
}

document.addEventListener("pointerover", ({ target, pointerType }) => {
  const button = target.closest?.("[data-quote]");
  if (button && pointerType === "mouse") hint(button);
  else if (tip.contains(target)) clearTimeout(leaving);
  else if (tip.matches(":popover-open")) leaving = setTimeout(hide, 200);
});
document.addEventListener("focusin", ({ target }) => {
  const button = target.closest("#thread button[data-opens]");
  kept.focus = button ? nameOf(button) : "";
  if (target.matches("[data-quote]:focus-visible")) hint(target);
  else hide();
});
document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
document.addEventListener("scroll", put, true);

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch { // not on a page that is safe, or not allowed
    const field = document.createElement("textarea");
    field.value = button.dataset.copy;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  const label = button.textContent;
  if (label === button.dataset.said) return;
  button.textContent = button.dataset.said;
  setTimeout(() => (button.textContent = label), 1600);
}

// Folds that were open, what is open in the source, and where the focus was
document.addEventListener("toggle", ({ target }) => {
  const name = target.dataset?.fold;
  if (name) kept.folds[target.open ? "add" : "delete"](name);
}, true);

function show() {
  all("#thread [data-fold]").forEach((fold) => (fold.open = kept.folds.has(fold.dataset.fold)));
  all("#thread .opened").forEach((old) => old.classList.remove("opened"));
  if (kept.opened) all(`#thread ${kept.opened}`).forEach((now) => now.classList.add("opened"));
  if (kept.focus && document.activeElement === document.body) one(`#thread ${kept.focus}`)?.focus();
}

// A new question comes into view; after that the page stays where its reader has it.
let asked = 0;
function follow() {
  const turns = all(".turn");
  if (!turns.length) Object.assign(kept, { opened: "", focus: "", folds: new Set() });
  if (turns.length !== asked) one("#current .turn.live")?.scrollIntoView({ block: "start" });
  asked = turns.length;
}

document.addEventListener("shown", () => {
  show();
  follow();
});
watch("value", reveal);

const [thread, shelf] = [one("#thread"), one("#shelf")];
Object.assign(thread, { role: "log", tabIndex: 0 });
Object.assign(shelf, { role: "dialog", popover: "auto" });
for (const part of [thread, shelf]) part.ariaLabel = props.labels[`#${part.id}`];
