// Keys of an adjudicator, those of the annotators' page: a number chooses a value, Enter sends, N goes on without a
// ruling. They can be switched off, and the browser remembers it; Ctrl+Enter sends in any case.

const form = document.querySelector("[data-adjudicate]");
const skip = document.querySelector("[data-skip]");
const box = document.querySelector("[data-keys]");
const OFF = "adjudicate-keys-off";

function isTyping(target) {
  return target.closest("textarea, select, summary, a, button, input:not([type=radio])");
}

function choose(key) {
  const choice = form?.querySelector(`input[data-key="${CSS.escape(key)}"]`);
  if (choice) choice.checked = true;
  choice?.focus();
  return Boolean(choice);
}

function act(event) {
  const key = event.key.toLowerCase();
  if (key === "enter" && form) return form.requestSubmit(), true;
  if (key === "n") return skip.click(), true;
  return choose(key);
}

function pressed(event) {
  if (event.isComposing || event.altKey) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return form?.requestSubmit();
  if (!box.checked || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
  if (act(event)) event.preventDefault();
}

box.checked = localStorage.getItem(OFF) === null;
box.addEventListener("change", () => {
  if (box.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
});
document.addEventListener("keydown", pressed);
// Where nothing is chosen by a key, a number is typed.
if (form && !form.querySelector("[data-key]")) form.elements.value.focus({ preventScroll: true });
form?.addEventListener("submit", () => {
  form.querySelector("[type=submit]").disabled = true;
});
