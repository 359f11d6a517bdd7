// Sets light or dark before the first paint, so this file is loaded in <head> without defer.
(() => {
  const KEY = "prism-appearance";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // Storage is refused in some private windows; the system's choice then stands.
  const saved = () => {
    try {
      return localStorage.getItem(KEY) || "system";
    } catch {
      return "system";
    }
  };

  const save = (choice) => {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Nothing is lost but the memory of the choice.
    }
  };

  const apply = (choice) => {
    const theme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    root.setAttribute("data-bs-theme", theme);
  };

  root.classList.add("js");
  apply(saved());
  dark.addEventListener("change", () => apply(saved()));
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-appearance]").forEach((select) => {
      select.value = saved();
    });
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-appearance]")) return;
    save(event.target.value);
    apply(event.target.value);
  });
})();
