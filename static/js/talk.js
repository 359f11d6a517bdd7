// The conversation page: sends its forms, follows the answers while they are written, and shows the talk anew.
// Only the talk itself travels, not the page around it. Without this script every form is an ordinary one.

const PART = { "X-Prism-Part": "talk", Accept: "text/html" };
const status = document.getElementById("talk-status");
let source = null;

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

function restart(letter) {
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
  }
}

// The new talk in an answer of the server, or null where it leads elsewhere.
async function talkIn(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("talk");
}

function swap(fresh) {
  document.getElementById("talk").replaceWith(fresh);
  prepare();
}

async function showAnswers() {
  const { page, complete } = stream().dataset;
  const fresh = await talkIn(await fetch(page, { headers: PART }));
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
  source = new EventSource(stream().dataset.events);
  const state = document.getElementById("stream-state");
  const calm = state.textContent;
  source.onopen = () => { state.textContent = calm; };
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.onerror = () => {
    state.textContent = stream().dataset.offline;
    // A browser gives up for good after some answers (a restarting proxy's, say); then the page starts over.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => window.location.reload(), 3000);
  };
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

function unsent(form) {
  delete form.dataset.sent;
  delete form.dataset.sending;
  let place = form.querySelector("[data-unsent-note]");
  if (!place) {
    place = document.createElement("p");
    place.className = "alert alert-danger";
    place.setAttribute("role", "alert");
    place.dataset.unsentNote = "";
    form.append(place);
  }
  place.textContent = status.dataset.unsent;
}

async function send(form, submitter) {
  try {
    const body = new URLSearchParams(new FormData(form, submitter));
    const answer = await fetch(form.action, { method: "POST", headers: PART, body });
    const fresh = await talkIn(answer);
    if (fresh) {
      swap(fresh);
      land(form);
    } else if (answer.redirected) {
      window.location.assign(answer.url);
    } else {
      unsent(form);
    }
  } catch {
    unsent(form);
  }
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
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.closest("#talk")) return;
  event.preventDefault();
  // A second click on a button must not send the form twice; the server would notice, but why ask it.
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  send(form, event.submitter);
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

prepare();
