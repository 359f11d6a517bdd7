// Solves the small puzzle of the front page, where it asks for one, and lets the button be pressed when done.

const place = document.querySelector("[data-proof]");

async function matches(salt, number, challenge) {
  const bytes = new TextEncoder().encode(salt + number);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") === challenge;
}

async function solve({ algorithm, challenge, salt, signature, most }) {
  const begun = Date.now();
  for (let number = 0; number <= Number(most); number += 1) {
    if (await matches(salt, number, challenge)) {
      return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature, took: Date.now() - begun }));
    }
  }
  return "";
}

if (place) {
  const button = place.closest("form").querySelector("[type=submit]");
  button.disabled = true;
  solve(place.dataset).then((solution) => {
    place.value = solution;
    button.disabled = false;
  });
}
