// Sends a form and brings in the part of the page that answers it, so that no whole page travels.
// Without a script every form is an ordinary one; whatever goes wrong here, what was typed stays in its fields.

/** The part called `id` in an answer of the server, or null where it leads elsewhere. */
export async function partIn(answer, id) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById(id);
}

export const headersFor = (id) => ({ "X-Prism-Part": id, Accept: "text/html" });

/** Say at the form that it was not sent, and let it be sent again. */
export function unsent(form, text) {
  delete form.dataset.sent;
  delete form.dataset.sending;
  let place = form.querySelector("[data-unsent-note]");
  if (!place) {
    place = document.createElement("p");
    place.className = "alert alert-danger";
    place.setAttribute("role", "alert");
    place.dataset.unsentNote = "";
    form.append(place);
  }
  place.textContent = text;
}

async function send(form, submitter, id, show, failed) {
  try {
    const body = new URLSearchParams(new FormData(form, submitter));
    const answer = await fetch(form.action, { method: "POST", headers: headersFor(id), body });
    const fresh = await partIn(answer, id);
    if (fresh) show(fresh, form, answer);
    else if (answer.redirected) window.location.assign(answer.url);
    else unsent(form, failed());
  } catch {
    unsent(form, failed());
  }
}

/** Send every form within the part called `id` this way; `show(fresh, form, answer)` puts the new part in. */
export function sendFormsOf(id, show, failed) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // A button with an address of its own leads elsewhere, as the language switch does.
    if (!form.closest(`#${id}`) || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    // A second click on a button must not send the form twice; the server would notice, but why ask it.
    if (form.dataset.sent) return;
    form.dataset.sent = "1";
    send(form, event.submitter, id, show, failed);
  });
}
