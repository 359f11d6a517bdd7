// Counts how often a hand moved a pointer or pressed a key on this page (how often, not where or which), and
// writes it into the ballot when it is sent. The server takes it for a hint; without this script it has none.

let pointer = 0;
let keys = 0;

const isReal = (event) => event.isTrusted;
for (const kind of ["pointerdown", "pointermove", "touchstart", "wheel"]) {
  document.addEventListener(kind, (event) => { if (isReal(event)) pointer += 1; }, { capture: true, passive: true });
}
document.addEventListener("keydown", (event) => { if (isReal(event)) keys += 1; }, { capture: true });
// Before the form is read to be sent.
document.addEventListener(
  "submit",
  (event) => {
    const { pointer: place, keys: pressed, driven } = event.target.elements;
    if (event.target.id !== "ballot" || !place) return;
    place.value = pointer;
    pressed.value = keys;
    driven.value = navigator.webdriver ? 1 : 0;
  },
  { capture: true },
);
