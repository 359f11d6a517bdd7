// The conversation page: sends its forms, follows the answers while they are written, and shows the talk anew.
// Only the talk itself travels, not the page around it. Without this script every form is an ordinary one.

import { headersFor, partIn, sendFormsOf } from "./parts.js";

const status = document.getElementById("talk-status");
const ends = document.getElementById("talk-ends");
const announced = new Set();
const SLOW_MS = 6000;
let source = null;
let slow = 0;

const stream = () => document.getElementById("stream");

function slotPart(letter, part) {
  return stream().querySelector(`[data-slot="${letter}"] [${part}]`);
}

function note(letter, text) {
  const place = slotPart(letter, "data-note");
  place.textContent = text;
  place.hidden = !text;
}

function append(letter, text) {
  slotPart(letter, "data-text").append(text);
}

// For screen readers, once an answer: whoever comes back to a stream is told again what ended.
function announce(letter, end) {
  if (announced.has(letter)) return;
  announced.add(letter);
  const { ended, cut } = stream().querySelector(`[data-slot="${letter}"]`).dataset;
  const line = document.createElement("p");
  line.textContent = end === "stopped" ? cut : ended;
  ends.append(line);
}

function restart(letter) {
  announced.delete(letter);
  const place = slotPart(letter, "data-text");
  if (place.textContent) note(letter, stream().dataset.again);
  place.textContent = "";
  slotPart(letter, "data-wait").hidden = false;
}

function take(news) {
  for (const letter of news.again || []) restart(letter);
  for (const [letter, text] of Object.entries(news)) {
    if (letter.length === 1) append(letter, text);
  }
  for (const [letter, end] of Object.entries(news.over || {})) {
    slotPart(letter, "data-wait").hidden = true;
    if (end === "stopped") note(letter, stream().dataset.stopped);
    announce(letter, end);
  }
}

// Whether an answer that is still to come shows nothing yet; the page does not say which one is meant.
function isSilent() {
  return [...(stream()?.querySelectorAll("[data-slot]") || [])].some(
    (slot) => !slot.querySelector("[data-wait]").hidden && !slot.querySelector("[data-text]").textContent,
  );
}

function swap(fresh) {
  document.getElementById("talk").replaceWith(fresh);
  prepare();
}

async function showAnswers() {
  const { page, complete } = stream().dataset;
  const fresh = await partIn(await fetch(page, { headers: headersFor("talk") }), "talk");
  if (!fresh) {
    window.location.reload();
    return;
  }
  const held = document.getElementById("talk").contains(document.activeElement);
  const top = window.scrollY;
  swap(fresh);
  // Whoever is reading stays at the line they are at.
  window.scrollTo({ top, behavior: "instant" });
  if (held) document.getElementById("latest-title")?.focus({ preventScroll: true });
  status.textContent = complete;
}

function follow() {
  announced.clear();
  ends.replaceChildren();
  source = new EventSource(stream().dataset.events);
  const state = document.getElementById("stream-state");
  const calm = state.textContent;
  const calmDown = () => { state.textContent = calm; };
  const isSlow = () => state.textContent === stream().dataset.slow;
  // Whoever waits long for the stream itself reads on that it takes long, until a word arrives.
  source.onopen = () => { if (!isSlow()) calmDown(); };
  source.onmessage = (event) => {
    take(JSON.parse(event.data));
    if (isSlow() && !isSilent()) calmDown();
  };
  clearTimeout(slow);
  slow = setTimeout(() => {
    if (isSilent() && state.textContent === calm) state.textContent = stream().dataset.slow;
  }, SLOW_MS);
  source.onerror = () => {
    state.textContent = stream().dataset.offline;
    // A browser gives up for good after some answers (a restarting proxy's, say); then the page starts over.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => window.location.reload(), 3000);
  };
  source.addEventListener("crowded", () => {
    source.close();
    state.textContent = stream().dataset.crowded;
    document.getElementById("stream-here").hidden = false;
  });
  source.addEventListener("done", () => {
    source.close();
    showAnswers().catch(() => setTimeout(() => window.location.reload(), 2000));
  });
}

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 2, 400)}px`;
}

function prepare() {
  for (const area of document.querySelectorAll("textarea[data-grow]")) grow(area);
  source?.close();
  source = null;
  if (stream()) follow();
}

// Where a person who acted wants to be: at what is wrong, else where the form said the act leads.
function land(form) {
  const problem = document.querySelector("#talk [data-focus]");
  const place = problem || document.getElementById(new URL(form.action).hash.slice(1) || "latest");
  place?.scrollIntoView({ block: problem ? "center" : "start", behavior: "instant" });
  const focus = problem || place?.querySelector("[tabindex], textarea, button");
  focus?.focus({ preventScroll: true });
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("textarea[data-grow]")) grow(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form?.id === "say") {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});
sendFormsOf(
  "talk",
  (fresh, form) => {
    swap(fresh);
    land(form);
  },
  () => status.dataset.unsent,
);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

prepare();
