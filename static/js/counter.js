// Says under a text field how long the text is, and whether it is too short or too long to be sent.
// Counts as conversations/counting.py does. Where the text stands may be put in anew at any time.

const WORD = /\S*[\p{L}\p{N}]\S*/gu;

const words = (text) => (text.match(WORD) || []).length;
const characters = (text) => [...text.trim()].length;

function bound(place, name) {
  return Number(place.dataset[name] || 0);
}

function isOutside(place, length, kind) {
  const most = bound(place, `most${kind}`);
  return length < bound(place, `least${kind}`) || (most > 0 && length > most);
}

function count(place) {
  const field = document.getElementById(place.dataset.counts);
  if (!field) return;
  const said = [];
  const lengths = { Words: words(field.value), Characters: characters(field.value) };
  let outside = false;
  for (const [kind, length] of Object.entries(lengths)) {
    if (!bound(place, `least${kind}`) && !bound(place, `most${kind}`)) continue;
    said.push(`${place.dataset[`name${kind}`]}: ${length}`);
    outside ||= isOutside(place, length, kind);
  }
  const shown = place.querySelector("[data-count]");
  // Writing the same again would be a change of the page, and so be counted without end.
  if (shown.textContent !== said.join(" · ")) shown.textContent = said.join(" · ");
  place.classList.toggle("is-outside", outside && field.value.trim() !== "");
}

function countAll() {
  for (const place of document.querySelectorAll("[data-counts]")) count(place);
}

document.addEventListener("input", countAll);
// The talk is put in anew after every message.
new MutationObserver(countAll).observe(document.body, { childList: true, subtree: true });
countAll();
