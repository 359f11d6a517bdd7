// Annotating by keyboard: letters go to a line, numbers choose, Enter confirms a part. Everything else is the
// form's own; without this script it works as a plain one.

const form = document.getElementById("annotate");
const shortcuts = document.getElementById("shortcuts-on");
const KEPT = "prism-annotate-shortcuts";
const IDLE = 10_000; // longer than this without a sign is no work

/* Where one is */

const stops = () => [...form.querySelectorAll("[data-stop]")];
const rowOf = (stop) => stop.closest(".ask-row");
const stopsOf = (row) => [...row.querySelectorAll("[data-stop]")];
const current = () => document.activeElement?.closest?.("[data-stop]");
const isText = (element) => element.matches?.("textarea, select, input:not([type=radio]):not([type=checkbox])");

function go(stop) {
  if (!stop) return;
  const inside = stop.querySelector("input:checked") || stop.querySelector("input") || stop;
  inside.focus();
  inside.closest(".ask-row")?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const here = current();
  const rows = [...form.querySelectorAll(".ask-row")];
  if (!here) return go(stops()[0]);
  const row = rows[rows.indexOf(rowOf(here)) + by];
  if (row) go(stopsOf(row)[Math.min(stopsOf(rowOf(here)).indexOf(here), stopsOf(row).length - 1)]);
}

function across(by) {
  const here = current();
  if (here) go(stopsOf(rowOf(here))[stopsOf(rowOf(here)).indexOf(here) + by]);
}

/* Out of a text field: to the next line that is chosen from, where letters and numbers mean something again. */
function leave() {
  const all = stops();
  const from = all.indexOf(current());
  go(all.find((stop, place) => place > from && !isText(stop)));
}

function jump(letter, isSecond) {
  const row = form.querySelector(`.ask-row[data-letter="${letter}"]`);
  if (row) go(stopsOf(row)[isSecond ? stopsOf(row).length - 1 : 0]);
  return Boolean(row);
}

/* What one says */

function changed(element) {
  element.dispatchEvent(new Event("input", { bubbles: true }));
  element.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(key) {
  const here = current();
  const level = here?.querySelector(`input[data-key="${key}"]`);
  if (!level) return false;
  level.checked = true;
  level.focus();
  changed(level);
  across(1);
  return true;
}

/* What a machine suggests is taken over by one act, a field at a time; the form says which fields were */

const suggested = JSON.parse(document.getElementById("suggested")?.textContent ?? "{}");

function takeOver(name) {
  const field = suggested[name] && (level(name) ?? form.elements[name]);
  if (!field) return false;
  if (field.type === "radio") field.checked = true;
  else field.value = suggested[name];
  if (name.startsWith("errors-")) fillErrors(`error-${name.at(-1)}-`);
  const took = form.elements.took;
  took.value = [...new Set([...took.value.split(" "), name])].join(" ").trim();
  changed(field);
  return true;
}

const level = (name) =>
  form.querySelector(`input[type=radio][name="${CSS.escape(name)}"][value="${CSS.escape(suggested[name])}"]`);

function fillErrors(start) {
  for (const [name, value] of Object.entries(suggested).filter(([name]) => name.startsWith(start))) {
    if (!form.elements[name]) addLineTo(form.querySelector(`[name^="${start}"]`).closest(".ask-errors"));
    form.elements[name].value = value;
  }
}

function takeOverHere() {
  const here = current();
  const name = here && (here.name || here.querySelector("input")?.name);
  if (!name || !takeOver(name)) return false;
  across(1);
  return true;
}

function takeBack() {
  const level = current()?.querySelector("input:checked");
  if (!level) return false;
  level.checked = false;
  changed(level);
  return true;
}

function sections() {
  return [...form.querySelectorAll(".ask-section")].filter((section) => section.querySelector(".ask-confirm"));
}

function confirmPart() {
  const all = sections();
  const here = document.activeElement.closest(".ask-section");
  const box = here?.querySelector(".ask-confirm input");
  if (box && !box.checked) {
    box.checked = true;
    changed(box);
  }
  const from = Math.max(0, all.indexOf(here));
  const next = [...all.slice(from), ...all.slice(0, from)].find(
    (section) => !section.querySelector(".ask-confirm input").checked
  );
  if (next) go(next.querySelector("[data-stop]"));
  else form.querySelector(".annotate-send button").focus();
}

const MOVES = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  ArrowLeft: () => across(-1),
  ArrowRight: () => across(1),
};

function act(event) {
  const { key } = event;
  if (MOVES[key] && current()) return MOVES[key](), true;
  if (key === "Enter" && document.activeElement.closest(".ask-section")) return confirmPart(), true;
  if (key === "?") return openList(), true;
  if (/^[0-9]$/.test(key)) return choose(key);
  if (key === "+") return takeOverHere();
  if (key === "Backspace" || key === "Delete") return takeBack();
  return /^[a-z]$/i.test(key) && jump(key.toLowerCase(), event.shiftKey);
}

function openList() {
  const list = document.getElementById("shortcuts");
  list.open = !list.open;
  if (list.open) list.querySelector("summary").focus();
}

form.addEventListener("keydown", (event) => {
  // A form is not sent by chance: Enter in a field does nothing of itself.
  if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return form.requestSubmit();
  if (event.ctrlKey || event.metaKey || event.altKey || !shortcuts.checked) return;
  if (isText(event.target)) {
    if (event.key === "Escape" && form.contains(event.target)) leave();
    return;
  }
  if (act(event)) event.preventDefault();
});

// A second click takes a choice back, as Backspace does.
let before = null;
form.addEventListener("pointerdown", (event) => {
  const level = event.target.closest(".ask-level")?.querySelector("input");
  before = level?.checked ? level : null;
});
form.addEventListener("click", (event) => {
  if (event.target !== before) return;
  before.checked = false;
  changed(before);
  before = null;
});

/* Shortcuts can be switched off, for good on this device */

shortcuts.checked = localStorage.getItem(KEPT) !== "off";
const showShortcuts = () => form.classList.toggle("has-shortcuts", shortcuts.checked);
shortcuts.addEventListener("change", () => {
  localStorage.setItem(KEPT, shortcuts.checked ? "on" : "off");
  showShortcuts();
});
showShortcuts();

/* How much is left, one more line for errors, and the time */

const left = form.querySelector("[data-left]");

function isTouched(stop) {
  if (stop.matches("textarea") ? stop.value.trim() : stop.querySelector("input:checked")) return true;
  const isConfirmed = stop.closest(".ask-section").querySelector(".ask-confirm input")?.checked;
  return isConfirmed && (stop.matches("textarea") || Boolean(stop.querySelector(".is-usual")));
}

function count() {
  const untouched = stops().filter((stop) => !isTouched(stop)).length;
  const words = untouched === 1 ? left.dataset.one : untouched ? left.dataset.many : left.dataset.none;
  left.textContent = words.replace("%n", untouched);
}

function addLine(event) {
  const line = event.target.closest(".ask-error");
  if (line && !line.nextElementSibling && event.target.value) addLineTo(line.parentElement);
}

function addLineTo(errors) {
  const line = [...errors.querySelectorAll(".ask-error")].at(-1);
  const number = Number(line.dataset.error) + 1;
  const next = line.cloneNode(true);
  next.dataset.error = number;
  for (const field of next.querySelectorAll("[name]")) {
    field.name = field.name.replace(/-\d+-/, `-${number}-`);
    field.value = "";
  }
  line.after(next);
}

const time = { seconds: form.elements.seconds, active: form.elements.active };
const start = { seconds: Number(time.seconds.value) || 0, active: Number(time.active.value) || 0 };
const opened = performance.now();
let active = 0;
let sign = opened;

function sawSign() {
  const now = performance.now();
  active += Math.min(now - sign, IDLE);
  sign = now;
  time.seconds.value = (start.seconds + (now - opened) / 1000).toFixed(1);
  time.active.value = (start.active + active / 1000).toFixed(1);
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-take]");
  if (button) takeOver(button.dataset.take);
});

for (const kind of ["keydown", "pointerdown", "input", "wheel", "submit"])
  document.addEventListener(kind, sawSign, { capture: true, passive: true });
form.addEventListener("input", addLine);
form.addEventListener("change", count);
form.addEventListener("input", count);
document.body.addEventListener("htmx:afterSwap", count);
count();
if (!document.querySelector("[data-focus]")) go(stops()[0]);

/* The task behind this one is fetched while one works on this */

async function lookAhead() {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(form.dataset.ahead, { method: "POST", headers: { "X-CSRFToken": token } });
  const { url } = answer.ok ? await answer.json() : {};
  if (!url) return;
  const link = Object.assign(document.createElement("link"), { rel: "prefetch", href: url });
  document.head.append(link);
}

form.addEventListener("input", () => lookAhead().catch(() => {}), { once: true });
