// Counts how a text is typed, and refuses pasting where the questionnaire says so. Never looks at what is typed.
//
// A field with data-typing="record" or "block" posts NAME__typing: {"keys", "pastes", "pasted_chars", "first_ms",
// "last_ms"}: changes typed, pastes (also those refused), characters pasted, and milliseconds from the field's
// appearance to the first and last change. Only the events of pasting and dropping are refused: dictation,
// screen readers, word suggestions and other input aids put text in by other ways and go on working.

import { each } from "./each.js";

const INSERTED = new Set(["insertFromPaste", "insertFromDrop", "insertFromYank"]);

const readTrace = (carrier) => {
  try {
    return JSON.parse(carrier.value) || {};
  } catch {
    return {};
  }
};

function count(field, carrier, shownAt, more) {
  const elapsed = Math.max(0, Math.round(performance.now() - shownAt));
  const past = readTrace(carrier);
  carrier.value = JSON.stringify({
    keys: (past.keys ?? 0) + (more.keys ?? 0),
    pastes: (past.pastes ?? 0) + (more.pastes ?? 0),
    pasted_chars: (past.pasted_chars ?? 0) + (more.chars ?? 0),
    first_ms: past.first_ms ?? elapsed,
    last_ms: elapsed,
  });
}

function refuse(field) {
  const place = field.form.querySelector(`[data-typing-refused="${field.name}"]`);
  if (place) place.textContent = place.dataset.refused;
}

function watch(field) {
  const carrier = field.form.elements[`${field.name}__typing`];
  const shownAt = performance.now();
  const brought = (event, transfer) => {
    const chars = transfer?.getData("text").length ?? 0;
    count(field, carrier, shownAt, { pastes: 1, chars });
    if (field.dataset.typing !== "block") return;
    event.preventDefault();
    refuse(field);
    // Nothing was put in, so the browser says nothing; the count is worth keeping all the same.
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  field.addEventListener("paste", (event) => brought(event, event.clipboardData));
  field.addEventListener("drop", (event) => brought(event, event.dataTransfer));
  field.addEventListener("input", (event) => {
    if (!INSERTED.has(event.inputType)) count(field, carrier, shownAt, { keys: 1 });
  });
}

each("[data-typing]", watch);
