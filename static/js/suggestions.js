// A suggestion goes into the message field, and what is in [brackets] is ready to be replaced. Without this
// script a suggestion is a link that fills in the field. The talk may be put in anew at any time.

function choosePlaceholder(text) {
  const found = /\[[^\]]+\]/.exec(text.value);
  text.focus();
  if (found) text.setSelectionRange(found.index, found.index + found[0].length);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#say [data-use]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const form = link.closest("form");
  const text = form.elements.text;
  text.value = link.dataset.use;
  form.elements.topic.value = link.dataset.topic;
  link.closest("details").open = false;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  choosePlaceholder(text);
});
