// The questionnaire: the next page takes the place of the one that was sent.

import { sendFormsOf } from "./parts.js";

const suffix = document.title.slice(document.title.lastIndexOf(" · "));
const part = () => document.getElementById("survey");

function show(fresh, form, answer) {
  const address = answer.headers.get("X-Prism-Address");
  part().replaceWith(fresh);
  document.title = fresh.dataset.title + suffix;
  if (address && address !== window.location.pathname) window.history.pushState(null, "", address);
  window.scrollTo({ top: 0, behavior: "instant" });
  (fresh.querySelector("[data-focus]") || fresh.querySelector("h1"))?.focus({ preventScroll: true });
}

sendFormsOf("survey", show, () => part().dataset.unsent);
window.addEventListener("popstate", () => window.location.reload());
