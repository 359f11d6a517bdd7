// A ranking by buttons: moves entries up and down, says where they are, and keeps the number fields in step.
//
// Without this script every entry has a number field. With it those fields are hidden and stay empty until the
// person has moved an entry or said that the order is right: an order nobody looked at is no answer.

import { each } from "./each.js";

const places = (list) => [...list.querySelectorAll(".q-place")];
const said = (text, words) => Object.entries(words).reduce((all, [key, word]) => all.replace(`{${key}}`, word), text);

function write(root, list) {
  places(list).forEach((entry, index) => {
    entry.querySelector("input").value = String(index + 1);
  });
  root.classList.add("is-set");
  list.querySelector("input").dispatchEvent(new Event("change", { bubbles: true }));
}

function showEnds(list) {
  const entries = places(list);
  entries.forEach((entry, index) => {
    const [up, down] = entry.querySelectorAll("[data-move]");
    // aria-disabled, not disabled: a button that vanishes under the finger would drop the focus.
    up.setAttribute("aria-disabled", String(index === 0));
    down.setAttribute("aria-disabled", String(index === entries.length - 1));
  });
}

function move(root, list, button) {
  const entries = places(list);
  const entry = button.closest(".q-place");
  const place = entries.indexOf(entry);
  const target = place + Number(button.dataset.move);
  if (target < 0 || target >= entries.length) return;
  entries[target][target > place ? "after" : "before"](entry);
  button.focus();
  write(root, list);
  showEnds(list);
  const label = entry.querySelector("label").textContent.trim();
  root.querySelector("[data-ranking-status]").textContent = said(root.dataset.moved, {
    label,
    place: target + 1,
    count: entries.length,
  });
}

function enhance(root) {
  const list = root.querySelector("ol");
  const values = places(list).map((entry) => Number(entry.querySelector("input").value));
  const isRanked = values.every((value, index) => value === index + 1);
  root.classList.add("is-ready");
  root.classList.toggle("is-set", isRanked);
  for (const part of root.querySelectorAll(".q-moves, .q-ranking-moved, .q-ranking-end")) part.hidden = false;
  root.querySelector(".q-ranking-typed").hidden = true;
  for (const field of list.querySelectorAll("input")) {
    if (!isRanked) field.value = "";
    field.type = "hidden";
  }
  showEnds(list);
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button) move(root, list, button);
  });
  root.querySelector("[data-ranking-keep]").addEventListener("click", () => {
    write(root, list);
    root.querySelector("[data-ranking-status]").textContent = root.dataset.kept;
  });
}

each("[data-ranking]", enhance);
