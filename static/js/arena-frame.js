// For a site that shows a Prism arena in a frame: the frame grows with what it shows. It reads numbers from the
// arena's own address, and nothing else.

window.addEventListener("message", (event) => {
  for (const frame of document.querySelectorAll("iframe[data-prism-arena]")) {
    const isOurs = event.source === frame.contentWindow && event.origin === new URL(frame.src).origin;
    const height = Number(event.data?.height);
    if (isOurs && event.data.prism === "height" && height > 0) {
      frame.style.height = `${Math.min(Math.max(height, 320), 20000)}px`;
    }
  }
});
