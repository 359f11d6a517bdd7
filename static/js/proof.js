// Solves the small puzzle of the front page, where it asks for one, and lets the button be pressed when done.
//
// With a SHA-256 of its own: browsers have crypto.subtle only over HTTPS, and a school may run Prism without. It
// is faster, too, than to wait for thousands of promises. It works in short stretches, so that the page of a slow
// phone can be scrolled and read meanwhile.

import { sha256 } from "./sha256.js";

const STRETCH = 30; // milliseconds
const place = document.querySelector("[data-proof]");
const rest = () => new Promise((done) => setTimeout(done, 0));

async function solve({ algorithm, challenge, salt, signature, most }) {
  const begun = Date.now();
  let stretch = begun;
  for (let number = 0; number <= Number(most); number += 1) {
    if (sha256(salt + number) === challenge) {
      return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature, took: Date.now() - begun }));
    }
    if (Date.now() - stretch > STRETCH) {
      await rest();
      stretch = Date.now();
    }
  }
  throw new Error("The puzzle has no solution.");
}

if (place) {
  const form = place.closest("form");
  const button = form.querySelector("[type=submit]");
  const tell = (name) => {
    form.querySelector("[data-proof-status]").textContent = place.dataset[name];
    button.disabled = false;
  };
  button.disabled = true;
  solve(place.dataset).then(
    (solution) => {
      place.value = solution;
      tell("solved");
    },
    () => tell("failed"), // the button then asks for another puzzle, or leads in once fewer people come
  );
}
