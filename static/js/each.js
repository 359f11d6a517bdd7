// Brings to life what is on the page and what a script puts there later.

/** Call `act(element)` once for every element that matches the selector, now or when it appears. */
export function each(selector, act) {
  const known = new WeakSet();
  const meet = (element) => {
    if (known.has(element)) return;
    known.add(element);
    act(element);
  };
  const look = (root) => {
    if (root.matches?.(selector)) meet(root);
    root.querySelectorAll?.(selector).forEach(meet);
  };
  look(document);
  new MutationObserver((changes) => {
    changes.forEach((change) => change.addedNodes.forEach(look));
  }).observe(document.documentElement, { childList: true, subtree: true });
}
