// Shows how much of a file has been sent. Without script the browser shows it itself, and the form works the same.
"use strict";

document.addEventListener("htmx:xhr:progress", (event) => {
  const box = event.target.closest("[data-upload]")?.querySelector("[data-upload-progress]");
  if (!box || !event.detail.lengthComputable) return;
  const percent = Math.round((100 * event.detail.loaded) / event.detail.total);
  const bar = box.querySelector("[role=progressbar]");
  box.hidden = false;
  bar.setAttribute("aria-valuenow", String(percent));
  bar.setAttribute("aria-valuetext", `${percent} %`);
  bar.firstElementChild.className = `aksel-progress-bar__foreground app-share-${percent}`;
  box.querySelector(".app-progress__text").textContent = `${percent} %`;
});
