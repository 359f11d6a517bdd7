// Keys of an adjudicator: a number chooses a value, Enter sends, N goes on without a ruling. They can be switched
// off, and the browser remembers it.

const form = document.querySelector("[data-adjudicate]");
const skip = document.querySelector("[data-skip]");
const box = document.querySelector("[data-keys]");
const OFF = "adjudicate-keys-off";

const choices = form ? [...form.querySelectorAll("input[type=radio]")] : [];

function isTyping(target) {
  return target.closest("textarea, select, summary, a, button, input:not([type=radio])");
}

function pressed(event) {
  if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const choice = choices[Number(event.key) - 1];
  if (choice) {
    event.preventDefault();
    choice.checked = true;
    choice.focus();
  } else if (event.key.toLowerCase() === "n") {
    skip.click();
  } else if (event.key === "Enter" && form) {
    event.preventDefault();
    form.requestSubmit();
  }
}

if (box) {
  box.checked = localStorage.getItem(OFF) === null;
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
  document.addEventListener("keydown", pressed);
}
form?.addEventListener("submit", () => {
  form.querySelector("[type=submit]").disabled = true;
});
