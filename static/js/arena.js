// The arena's front page: a suggestion goes into the message field, and what is in [brackets] is ready to be
// replaced; a message leads to its comparison without a page being loaded. Without this script a suggestion is
// a link that fills in the field, and the form an ordinary one.

import { headersFor, unsent } from "./parts.js";

const field = () => document.getElementById("text");

function choosePlaceholder() {
  const text = field();
  const found = /\[[^\]]+\]/.exec(text.value);
  text.focus();
  if (found) text.setSelectionRange(found.index, found.index + found[0].length);
}

function grow(text) {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 400)}px`;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-use]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const text = field();
  text.value = link.dataset.use;
  document.getElementById("topic").value = link.dataset.topic;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  choosePlaceholder();
});
document.addEventListener("input", (event) => {
  if (event.target === field()) grow(event.target);
});
if (field() && new URLSearchParams(window.location.search).has("use")) choosePlaceholder();
if (field()) grow(field());

let shown = window.location.pathname;

// The comparison takes the form's place, under its own address, as if the browser had gone there.
async function enter(talk, place, { script, hands, wide }) {
  shown = place;
  window.history.pushState(null, "", place);
  document.title = document.title.replace(/^.*(?= ·)/, talk.querySelector("h1").textContent.trim());
  for (const link of document.querySelectorAll(".arena-links [aria-current]")) link.removeAttribute("aria-current");
  for (const next of document.querySelectorAll(".languages [name=next]")) next.value = place;
  document.getElementById("ask-page").replaceWith(talk);
  document.getElementById("main").className = wide;
  window.scrollTo({ top: 0, behavior: "instant" });
  try {
    await Promise.all([import(hands), import(script)]);
    document.getElementById("latest-title")?.focus({ preventScroll: true });
  } catch {
    window.location.reload();
  }
}

// A page that is no comparison: why the message was not sent, with all that was typed.
function showRefusal(main) {
  document.getElementById("main").replaceChildren(...main.childNodes);
  if (field()) grow(field());
  document.querySelector("#main [data-focus]")?.focus();
}

async function ask(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const answer = await fetch(form.action, { method: "POST", headers: headersFor("talk"), body });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [talk, main] = ["talk", "main"].map((id) => page.getElementById(id));
  const place = answer.headers.get("Content-Location");
  if (talk && place) {
    await enter(talk, place, form.dataset);
  } else if (answer.redirected) {
    window.location.assign(answer.url);
  } else if (main && answer.status < 500) {
    showRefusal(main);
  } else {
    unsent(form, form.dataset.unsent);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "ask" || event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  ask(form, event.submitter).catch(() => unsent(form, form.dataset.unsent));
});
window.addEventListener("popstate", () => {
  if (window.location.pathname !== shown) window.location.reload();
});
