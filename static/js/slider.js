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
  if (entry && document.activeElement !== entry) entry.value = number.value;
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

// The number field beside the slider does what the thumb does; what is no position changes nothing.
function enter(slider, state) {
  const { range, entry } = slider;
  if (entry.value === "" || !entry.checkValidity()) return;
  range.value = entry.value;
  touch(slider, state);
}

function listen(slider, state) {
  const { range, notApplicable, entry } = slider;
  entry?.addEventListener("change", () => enter(slider, state));
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
