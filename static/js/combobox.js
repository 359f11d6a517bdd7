// Makes a list of many options searchable: the pattern "editable combobox with list" over a native select.
//
// Without this script the select does. With it the select is hidden and still holds and posts the value; the
// label leads to a text field, and the options that contain what is typed are offered below it.

import { each } from "./each.js";

let number = 0;

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
const made = (tag, attributes) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

class Combobox {
  constructor(select) {
    number += 1;
    this.select = select;
    this.choices = [...select.options].filter((option) => option.value !== "");
    this.list = made("ul", { class: "combobox-list", role: "listbox", id: `combobox-${number}`, tabindex: "-1" });
    this.input = made("input", {
      class: "form-control", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
    });
    this.status = made("span", { class: "visually-hidden", role: "status" });
    this.list.hidden = true;
    this.takeOver();
    this.listen();
  }

  takeOver() {
    const { select, input, list, status } = this;
    for (const name of ["aria-required", "aria-invalid", "aria-describedby"]) {
      if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    }
    const label = document.querySelector(`label[for="${select.id}"]`);
    input.id = select.id;
    select.id = `${select.id}-list`;
    select.hidden = true;
    if (label) {
      label.id ||= `${list.id}-label`;
      list.setAttribute("aria-labelledby", label.id);
    }
    input.placeholder = select.options[0]?.value === "" ? select.options[0].text : "";
    const frame = made("div", { class: "combobox" });
    select.before(frame);
    frame.append(input, list, status, select);
    this.showChosen();
  }

  listen() {
    const { input, list, select } = this;
    input.addEventListener("input", (event) => {
      // What is typed here is no answer yet: only a choice is worth saving.
      event.stopPropagation();
      this.open(input.value);
    });
    input.addEventListener("click", () => this.open(""));
    input.addEventListener("keydown", (event) => this.press(event));
    input.addEventListener("change", (event) => event.stopPropagation());
    input.addEventListener("blur", () => this.leave());
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
    select.addEventListener("change", () => this.showChosen());
  }

  get shown() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  open(words) {
    const wanted = plain(words);
    const found = this.choices.filter((option) => plain(option.text).includes(wanted));
    this.list.replaceChildren(...found.map((option, index) => this.entry(option, index)));
    this.list.hidden = found.length === 0;
    this.input.setAttribute("aria-expanded", String(found.length > 0));
    this.status.textContent = found.length ? String(found.length) : this.select.dataset.none;
    this.point(found.findIndex((option) => option.selected));
  }

  entry(option, index) {
    const entry = made("li", { role: "option", id: `${this.list.id}-${index}`, "aria-selected": String(option.selected) });
    entry.textContent = option.text;
    if (option.lang) entry.lang = option.lang;
    entry.dataset.value = option.value;
    return entry;
  }

  point(index) {
    const entries = this.shown;
    entries.forEach((entry, place) => entry.classList.toggle("is-pointed", place === index));
    const entry = entries[index];
    if (entry) {
      this.input.setAttribute("aria-activedescendant", entry.id);
      entry.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  get pointed() {
    return this.shown.findIndex((entry) => entry.classList.contains("is-pointed"));
  }

  press(event) {
    const isOpen = !this.list.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!isOpen) this.open("");
      const last = this.shown.length - 1;
      const next = this.pointed < 0 && step < 0 ? last : this.pointed + step;
      this.point(Math.min(Math.max(next, 0), last));
    } else if (event.key === "Enter" && isOpen) {
      // The first Enter chooses; it must not send the form.
      event.preventDefault();
      const entries = this.shown;
      this.choose(entries[this.pointed] ?? (entries.length === 1 ? entries[0] : undefined));
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      this.showChosen();
      this.close();
    }
  }

  choose(entry) {
    if (!entry) return;
    this.select.value = entry.dataset.value;
    this.close();
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // Whoever wrote an option's words in full and goes on means it; an emptied field takes the answer back.
  leave() {
    this.close();
    const typed = plain(this.input.value);
    const meant = this.choices.find((option) => plain(option.text) === typed);
    const value = typed === "" ? "" : meant?.value ?? this.select.value;
    if (value !== this.select.value) {
      this.select.value = value;
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.showChosen();
  }

  showChosen() {
    const chosen = this.select.selectedOptions[0];
    this.input.value = chosen && chosen.value !== "" ? chosen.text : "";
  }

  close() {
    this.list.hidden = true;
    this.status.textContent = "";
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

each("select[data-search]", (select) => new Combobox(select));
