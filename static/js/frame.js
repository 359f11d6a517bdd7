// The arena in a frame of another site: tells that site how high the page is, and says so where the browser keeps
// no cookies for the frame, without which nothing could go on here.

const sites = document.body.dataset.frameSites.split(" ");
// Browsers that know who frames us spare the others a message that they would not get anyway.
const framing = window.location.ancestorOrigins?.[0];
const told = framing ? sites.filter((site) => site === framing) : sites;

function tell() {
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  for (const site of told) window.parent.postMessage({ prism: "height", height }, site);
}

if (window.parent !== window) {
  new ResizeObserver(tell).observe(document.body);
  const notice = document.querySelector("[data-frame-forgets]");
  if (notice && !document.cookie.includes("prism-frame=")) notice.hidden = false;
}
