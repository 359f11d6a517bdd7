// The arena's front page: a suggestion goes into the message field, and what is in [brackets] is ready to be
// replaced. Without this script a suggestion is a link that fills in the field.

const text = document.getElementById("text");

function choosePlaceholder() {
  const found = /\[[^\]]+\]/.exec(text.value);
  text.focus();
  if (found) text.setSelectionRange(found.index, found.index + found[0].length);
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 400)}px`;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-use]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  text.value = link.dataset.use;
  document.getElementById("topic").value = link.dataset.topic;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  choosePlaceholder();
});
text?.addEventListener("input", grow);
if (text && new URLSearchParams(window.location.search).has("use")) choosePlaceholder();
if (text) grow();
