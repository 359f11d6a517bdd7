// The editor of a questionnaire or a protocol: keeps and checks the text as one types, numbers its lines, renews the preview.
// What the server did not take stays in this browser until it does.

const PAUSE = 600;
const AGAIN = 5000;
const form = document.querySelector("[data-editor]");
const text = form.querySelector("textarea");
const numbers = form.querySelector("[data-numbers]");
const findings = document.querySelector("#findings");
const frame = document.querySelector("iframe.editor-preview");
const rescue = form.querySelector("[data-rescue]");
const place = form.dataset.place;
let timer = 0;
let sent = text.value;
let turn = 0;

function say(word) {
  form.querySelector("[data-state]").textContent = form.dataset[word];
}

function number() {
  const count = text.value.split("\n").length;
  numbers.textContent = Array.from({ length: count }, (_, index) => index + 1).join("\n");
  numbers.scrollTop = text.scrollTop;
}

// Storage may be full or forbidden; the text on the page is then all there is.
function remember() {
  try {
    localStorage.setItem(place, text.value);
  } catch {}
}

function remembered() {
  try {
    return localStorage.getItem(place);
  } catch {
    return null;
  }
}

function forget() {
  try {
    localStorage.removeItem(place);
  } catch {}
  rescue.hidden = true;
}

function renewPreview() {
  let shown = new URLSearchParams();
  try {
    shown = new URLSearchParams(frame.contentWindow.location.search);
  } catch {}
  frame.contentWindow.location.replace(`${form.dataset.preview}?${shown}`);
}

function later(pause) {
  clearTimeout(timer);
  timer = setTimeout(check, pause);
}

async function check() {
  const mine = ++turn;
  const now = text.value;
  if (now === sent) return;
  say("checking");
  const body = new FormData(form);
  body.set("text", now);
  try {
    const answer = await fetch(form.dataset.check, { method: "POST", body, redirect: "error" });
    const found = await answer.json();
    if (!answer.ok) throw new Error(String(answer.status));
    if (mine !== turn) return;
    sent = now;
    forget();
    findings.innerHTML = found.html;
    if (found.is_valid) renewPreview();
    say("kept");
  } catch {
    if (mine !== turn) return;
    remember();
    say("lost");
    later(AGAIN);
  }
}

function goTo(line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] || "").length);
  text.scrollTop = (line - 4) * parseFloat(getComputedStyle(text).lineHeight);
  text.scrollLeft = 0;
}

text.addEventListener("input", () => {
  remember();
  number();
  later(PAUSE);
});
text.addEventListener("scroll", () => {
  numbers.scrollTop = text.scrollTop;
});
findings.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  goTo(Number(link.dataset.line));
});
form.querySelector("[data-restore]").addEventListener("click", () => {
  text.value = remembered() ?? text.value;
  rescue.hidden = true;
  number();
  later(0);
});
form.querySelector("[data-forget]").addEventListener("click", forget);
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  turn += 1;
  if (event.submitter?.name === "discard") forget();
  else remember();
});

const kept = remembered();
if (kept === null || kept === text.value) forget();
else rescue.hidden = false;
number();
