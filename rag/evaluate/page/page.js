// Which cases are shown: the controls say it, and the address keeps it after its "#".
"use strict";

const form = document.getElementById("filters");
const plain = (text) => text.normalize("NFKC").toLowerCase();
const cases = [...document.querySelectorAll(".case")].map((element) => ({
  element,
  details: element.querySelector("details"),
  failures: element.dataset.failures.split("\n"),
  said: plain(element.textContent),
}));

function wanted() {
  return [...new FormData(form)].filter(([, value]) => value.trim());
}

function apply() {
  const { show, failure, kind, q = "" } = Object.fromEntries(wanted());
  const words = plain(q).split(/\s+/);
  let count = 0;
  for (const { element, failures, said } of cases) {
    const { state, kind: own } = element.dataset;
    element.hidden = !(
      (!show || show === state) &&
      (!failure || failures.includes(failure)) &&
      (!kind || kind === own) &&
      words.every((word) => said.includes(word))
    );
    count += !element.hidden;
  }
  form.querySelector("output").value = `${count} of ${cases.length} cases`;
  document.getElementById("empty").hidden = count > 0;
}

function keep() {
  apply();
  history.replaceState(null, "", "#" + new URLSearchParams(wanted()));
}

function reset() {
  form.reset();
  apply();
}

// Brings a case or a quote into view, whatever is filtered or folded away.
function reveal(target) {
  if (target.closest(".case[hidden]")) reset();
  for (let one = target; one; one = one.parentElement) if (one.matches("details")) one.open = true;
  const own = target.querySelector(":scope > details");
  if (own) own.open = true;
  target.scrollIntoView({ block: target.matches(".case") ? "start" : "nearest" });
  (own ? own.querySelector("summary") : target).focus({ preventScroll: true });
}

function follow() {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.matches(".case, .quote")) return reveal(target);
  if (target) return;
  const given = new URLSearchParams(location.hash.slice(1));
  form.reset();
  for (const name of ["show", "failure", "kind", "q"]) {
    const field = form.elements[name];
    if (given.has(name)) field.value = given.get(name);
    if (field.selectedIndex === -1) field.selectedIndex = 0; // this report has none of those
  }
  apply();
}

form.addEventListener("input", keep);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(keep)); // the fields are empty after the event
form.addEventListener("click", ({ target }) => {
  const { open } = target.dataset;
  if (open === undefined) return;
  for (const { element, details } of cases) if (!element.hidden) details.open = Boolean(open);
});
document.addEventListener("click", (event) => {
  const pill = event.target.closest(".cite");
  if (!pill) return; // the address keeps the filters: a pill only shows its quote
  event.preventDefault();
  reveal(document.getElementById(pill.hash.slice(1)));
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  form.elements.q.focus();
});
addEventListener("hashchange", follow);
form.hidden = false;
apply();
follow();
