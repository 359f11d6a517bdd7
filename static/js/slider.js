// A slider with no value until it is touched. See templates/prism/slider.html for the parts it expects.
//
// Without this script the slider is a number field. With it, that field is hidden and posts "" until the
// person sets a position. NAME__trace posts {"start", "first", "first_ms", "last_ms", "moves"}: where the unseen
// thumb rested, the first position set, milliseconds from first seen to first and last setting, and how often a
// position was set.
// A "prism:touched" event bubbles after each setting and after each change of "not applicable".

const known = new WeakSet();

const parts = (root) => ({
  root,
  range: root.querySelector("[data-slider-range]"),
  number: root.querySelector("[data-slider-value]"),
  trace: root.querySelector("[data-slider-trace]"),
  notApplicable: root.querySelector("[data-slider-na]"),
  status: root.querySelector("[data-slider-status]"),
  entry: root.querySelector("[data-slider-entry]"),
  refused: root.querySelector("[data-slider-refused]"),
});

const readTrace = (field) => {
  try {
    return JSON.parse(field.value) || {};
  } catch {
    return {};
  }
};

const isNotApplicable = ({ notApplicable }) => Boolean(notApplicable?.checked);

const position = ({ root, range }, value) =>
  root.dataset.position.replace("{value}", value).replace("{max}", range.max);

function show(slider, state) {
  const { root, range, number, status, entry } = slider;
  const skipped = isNotApplicable(slider);
  number.value = skipped || !state.touched ? "" : range.value;
  range.disabled = skipped || number.disabled;
  root.classList.toggle("is-set", state.touched && !skipped);
  root.classList.toggle("is-na", skipped);
  range.setAttribute("aria-valuetext", state.touched ? position(slider, range.value) : root.dataset.unset);
  const set = "showsPosition" in root.dataset ? range.value : root.dataset.set;
  status.textContent = skipped ? root.dataset.na : state.touched ? set : root.dataset.unset;
  if (!entry) return;
  entry.disabled = range.disabled;
  if (skipped || state.touched) takeEntry(slider);
}

function announce({ root, number }, detail) {
  root.dispatchEvent(new CustomEvent("prism:touched", { bubbles: true, detail: { name: number.name, ...detail } }));
}

// Counts time from when the slider is first on screen, not from when the page was loaded.
function watchShown(root, state) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    state.shownAt = performance.now();
    observer.disconnect();
  });
  observer.observe(root);
}

function record(slider, state) {
  const { range, trace } = slider;
  const elapsed = Math.max(0, Math.round(performance.now() - state.shownAt));
  const past = readTrace(trace);
  trace.value = JSON.stringify({
    start: past.start ?? state.start,
    first: past.first ?? Number(range.value),
    first_ms: past.first_ms ?? elapsed,
    last_ms: elapsed,
    moves: (past.moves ?? 0) + 1,
  });
}

function touch(slider, state) {
  state.touched = true;
  record(slider, state);
  show(slider, state);
  announce(slider, { value: Number(slider.range.value), notApplicable: false });
}

// A press on the present position moves nothing, so the browser sends no change of its own.
function touchInPlace(slider, state) {
  if (state.touched || slider.range.disabled) return;
  touch(slider, state);
  slider.range.dispatchEvent(new Event("input", { bubbles: true }));
  slider.number.dispatchEvent(new Event("change", { bubbles: true }));
}

// The digits of every script stand in a run from zero to nine.
function latinDigit(sign) {
  const isDigit = (code) => /\p{Nd}/u.test(String.fromCodePoint(code));
  let value = 0;
  for (let code = sign.codePointAt(0); value < 9 && isDigit(code - 1); code -= 1) value += 1;
  return value;
}

const isOnScale = (text, { min, max }) =>
  /^[+-]?[0-9]+$/.test(text) && Number(text) >= Number(min) && Number(text) <= Number(max);

// The number field shows the position, and what was refused before is settled.
function takeEntry({ entry, number, refused }) {
  entry.value = number.value;
  entry.removeAttribute("aria-invalid");
  refused.textContent = "";
}

// The number field does what the thumb does; what is no position stays there, and changes nothing but is said.
function enter(slider, state) {
  const { range, entry, refused } = slider;
  const text = entry.value.trim().replace(/\p{Nd}/gu, latinDigit);
  if (text === "") return takeEntry(slider);
  if (isOnScale(text, range)) {
    range.value = Number(text);
    return touch(slider, state);
  }
  entry.setAttribute("aria-invalid", "true");
  refused.textContent = refused.dataset.sliderRefused;
}

// What is not taken must not be left behind unseen; who goes back or switches the language may leave it.
function holdBack(event, { entry }) {
  if (event.submitter?.formNoValidate || !entry.hasAttribute("aria-invalid")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  entry.closest("details").open = true;
  entry.focus();
}

function listenToEntry(slider, state) {
  const { entry, range } = slider;
  entry.addEventListener("change", () => enter(slider, state));
  entry.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // as on the slider
    enter(slider, state);
  });
  range.form?.addEventListener("submit", (event) => holdBack(event, slider), { capture: true });
}

function listen(slider, state) {
  const { range, notApplicable, entry } = slider;
  if (entry) listenToEntry(slider, state);
  range.addEventListener("input", () => {
    state.touched = true;
    show(slider, state);
  });
  range.addEventListener("change", () => touch(slider, state));
  range.addEventListener("click", () => touchInPlace(slider, state));
  range.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    // Enter would send the form before the person has looked at it.
    event.preventDefault();
    touchInPlace(slider, state);
  });
  notApplicable?.addEventListener("change", () => {
    show(slider, state);
    announce(slider, { value: null, notApplicable: notApplicable.checked });
  });
}

function enhanceOne(root) {
  if (known.has(root)) return;
  known.add(root);
  const slider = parts(root);
  const { range, number } = slider;
  // Browsers disagree on where between two whole numbers an unset range rests.
  const start = Math.floor((Number(range.min) + Number(range.max)) / 2);
  const state = { touched: number.value !== "", start, shownAt: performance.now() };
  range.value = state.touched ? number.value : start;
  number.type = "hidden";
  root.classList.add("is-ready");
  listen(slider, state);
  watchShown(root, state);
  show(slider, state);
}

/** Bring every slider in `root` to life; calling it again does no harm. */
export function enhance(root = document) {
  if (root.matches?.("[data-slider]")) enhanceOne(root);
  root.querySelectorAll?.("[data-slider]").forEach(enhanceOne);
}

enhance();
document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
new MutationObserver((changes) => {
  changes.forEach((change) => change.addedNodes.forEach((node) => enhance(node)));
}).observe(document.documentElement, { childList: true, subtree: true });
