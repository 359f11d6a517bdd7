// The conversation page: follows the answers while they are written, then shows the page as it stands.

const stream = document.getElementById("stream");
const status = document.getElementById("talk-status");

function slotPart(letter, part) {
  return stream.querySelector(`[data-slot="${letter}"] [${part}]`);
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
  if (place.textContent) note(letter, stream.dataset.again);
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
    if (end === "stopped") note(letter, stream.dataset.stopped);
  }
}

async function showPage() {
  const answer = await fetch(stream.dataset.page, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("talk");
  if (!fresh) {
    window.location.reload();
    return;
  }
  const old = document.getElementById("talk");
  const held = old.contains(document.activeElement);
  const top = window.scrollY;
  old.replaceWith(fresh);
  // Whoever is reading stays at the line they are at.
  window.scrollTo({ top, behavior: "instant" });
  if (held) document.getElementById("latest-title")?.focus({ preventScroll: true });
  status.textContent = stream.dataset.complete;
  prepare();
}

function follow() {
  const source = new EventSource(stream.dataset.events);
  const state = document.getElementById("stream-state");
  const calm = state.textContent;
  source.onopen = () => { state.textContent = calm; };
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.onerror = () => {
    state.textContent = stream.dataset.offline;
    // A browser gives up for good after some answers (a restarting proxy's, say); then the page starts over.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => window.location.reload(), 3000);
  };
  source.addEventListener("done", () => {
    source.close();
    showPage().catch(() => setTimeout(() => window.location.reload(), 2000));
  });
}

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 2, 400)}px`;
}

function prepare() {
  for (const area of document.querySelectorAll("textarea[data-grow]")) grow(area);
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
  // A second click on a button must not send the form twice; the server would notice, but why ask it.
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

prepare();
if (stream) follow();
