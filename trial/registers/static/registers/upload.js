// Sends a file piece by piece, shows how much has arrived, and goes on where it stopped: after a lost connection by
// itself, after a closed browser when the same file is chosen again. Without script the form sends the file as it is.
"use strict";

(() => {
  const WAIT_MS = [1000, 2000, 5000, 10000, 30000];
  const PASSES = [408, 425, 429]; // beside 5xx: what is over after a while

  const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

  function show(box, arrived, size) {
    const percent = Math.floor((100 * arrived) / size);
    const progress = box.querySelector("[data-upload-progress]");
    const bar = progress.querySelector("[role=progressbar]");
    progress.hidden = false;
    bar.setAttribute("aria-valuenow", String(percent));
    bar.setAttribute("aria-valuetext", `${percent} %`);
    bar.firstElementChild.className = `aksel-progress-bar__foreground app-share-${percent}`;
    progress.querySelector(".app-progress__text .app-num").textContent = `${percent} %`;
  }

  function refuse(box, problem) {
    const place = box.querySelector("[data-upload-refused]");
    const said = problem.errors?.[0]?.detail || problem.detail || box.dataset.uploadFailed;
    place.hidden = false;
    place.querySelector("[data-color]:last-child").textContent = said;
    box.querySelector("[data-upload-progress]").hidden = true;
    box.querySelector("[data-upload-waiting]").hidden = true;
  }

  class Refused extends Error {
    constructor(problem) {
      super(problem.detail);
      this.problem = problem;
    }
  }

  class Later extends Error {}

  // What the server answers; null when it has come farther in the file, or not as far, than was thought here.
  async function ask(method, url, token, headers = {}, body = undefined) {
    const answer = await fetch(url, { method, body, headers: { "X-CSRFToken": token, Accept: "application/json", ...headers } });
    const content = await answer.json().catch(() => ({})); // a proxy answers in its own words
    if (answer.ok) return content;
    if (content.code === "wrong_offset") return null;
    if (answer.status >= 500 || PASSES.includes(answer.status)) throw new Later();
    throw new Refused(content);
  }

  // Tries until it goes through: a server that restarts or a lost network is waited for.
  async function patiently(box, act) {
    const waiting = box.querySelector("[data-upload-waiting]");
    for (let turn = 0; ; turn += 1) {
      try {
        const content = await act();
        waiting.hidden = true;
        return content;
      } catch (error) {
        if (error instanceof Refused) throw error;
        waiting.hidden = false;
      }
      await pause(WAIT_MS[Math.min(turn, WAIT_MS.length - 1)]);
    }
  }

  // A file that was changed or taken away since it was chosen cannot be read any more.
  function bytesOf(box, part) {
    return part.arrayBuffer().catch(() => { throw new Refused({ detail: box.dataset.uploadUnreadable }); });
  }

  async function send(box, form, file) {
    const data = new FormData(form);
    const token = data.get("csrfmiddlewaretoken");
    const json = { "Content-Type": "application/json" };
    const named = { register: data.get("register"), source: data.get("source").trim(), file_name: file.name };
    const wanted = { ...named, size: file.size, edition: String(file.lastModified) };
    const base = box.dataset.upload;
    let upload = await patiently(box, () => ask("POST", base, token, json, JSON.stringify(wanted)));
    const own = `${base}${upload.id}/`;
    while (upload.arrived < file.size) {
      show(box, upload.arrived, file.size);
      const piece = await bytesOf(box, file.slice(upload.arrived, upload.arrived + upload.piece_bytes));
      const headers = { "Content-Type": "application/octet-stream", "Upload-Offset": String(upload.arrived) };
      const next = await patiently(box, () => ask("PUT", own, token, headers, piece));
      upload = next || await patiently(box, () => ask("GET", own, token));
    }
    show(box, file.size, file.size);
    const delivery = await patiently(box, () => ask("POST", `${own}finish/`, token));
    window.location.assign(`${box.dataset.uploadPage}${delivery.id}/`);
  }

  document.addEventListener("submit", (event) => {
    const box = event.target.closest("[data-upload]");
    const file = box?.querySelector("input[type=file]")?.files[0];
    if (!box || !file || !file.size || !event.target.register.value || !event.target.source.value.trim()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.target.querySelector("button[type=submit]");
    button.disabled = true;
    box.querySelector("[data-upload-refused]").hidden = true;
    send(box, event.target, file).catch((error) => {
      refuse(box, error.problem || {});
      button.disabled = false;
    });
  }, true);
})();
