// Keeps what is typed: every form with data-autosave posts itself there, quietly, soon after a change.

const PAUSE = 700;

function body(form) {
  return new URLSearchParams(new FormData(form));
}

function say(form, word) {
  const place = form.querySelector("[data-autosave-state]");
  if (place) place.textContent = place.dataset[word] || "";
}

async function save(form, keepalive = false) {
  const sent = body(form).toString();
  if (form.dataset.saved === sent) return;
  try {
    const answer = await fetch(form.dataset.autosave, {
      method: "POST",
      headers: { "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value },
      body: new URLSearchParams(sent),
      keepalive,
    });
    if (!answer.ok) throw new Error(String(answer.status));
    form.dataset.saved = sent;
    say(form, "saved");
  } catch {
    say(form, "unsaved");
    if (!keepalive) form.dataset.timer = setTimeout(() => save(form), 5000);
  }
}

function soon(event) {
  const form = event.target.closest?.("form[data-autosave]");
  if (!form || form.dataset.sending) return;
  clearTimeout(Number(form.dataset.timer));
  form.dataset.timer = setTimeout(() => save(form), PAUSE);
}

document.addEventListener("input", soon);
document.addEventListener("change", soon);
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-autosave]")) return;
  clearTimeout(Number(form.dataset.timer));
  form.dataset.sending = "1";
});
window.addEventListener("pagehide", () => {
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    if (form.dataset.timer && !form.dataset.sending) save(form, true);
  }
});
// The back button may bring the page back from memory with its flag still set.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-autosave]")) delete form.dataset.sending;
});
document.querySelector("[data-focus]")?.focus();
