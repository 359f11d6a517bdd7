// Keys for coding: a letter chooses a category, Enter goes on, as in any form.

const form = document.querySelector("[data-coding]");
const letters = "abcdefghijklmnopqrstuvwxyz";

if (form) {
  const choices = [...form.querySelectorAll("input[type=radio]")];
  choices.forEach((choice, index) => {
    choice.closest("label").querySelector("[data-key]").textContent = letters[index] || "";
  });
  form.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("textarea, select, input:not([type=radio])");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    const choice = choices[letters.indexOf(event.key.toLowerCase())];
    if (event.key.length !== 1 || !choice) return;
    event.preventDefault();
    choice.checked = true;
    choice.focus();
  });
  form.addEventListener("submit", () => {
    form.querySelector("[type=submit]").disabled = true;
  });
  choices[0]?.focus();
}
