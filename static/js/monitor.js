// The live list of participants: whoever is being ticked or looked at closely does not move away meanwhile.

const list = () => document.getElementById("participants");

function isBusy(part) {
  return part.querySelector("input[name=code]:checked, :focus-visible") !== null;
}

function showTickAll() {
  const box = list()?.querySelector("[data-tick-all]");
  if (box) box.hidden = false;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const part = list();
  if (part && event.target === part && isBusy(part)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-tick-all]")) return;
  for (const box of list().querySelectorAll("input[name=code]")) box.checked = event.target.checked;
});

document.addEventListener("htmx:afterSettle", showTickAll);
showTickAll();
