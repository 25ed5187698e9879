// The researcher's draw room: reads the key file here, computes the contributions with WebCrypto, sends only those.
// The seed is kept in memory as a key that cannot be exported, and never leaves the browser.
import { commitmentOf, encode, fromHex, joined, seedIn, toHex } from "./seed.js";

(() => {
  const room = document.querySelector("[data-draw-room]");
  if (!room) return;

  const BATCH = 50;
  const TRIES = 4;
  const find = (name) => room.querySelector(`[data-${name}]`);
  const text = room.dataset;
  const state = { key: null, stop: false, done: 0, total: Number(text.total) };

  const arms = new Map(text.arms.split(";").map((pair) => pair.split("=")));

  const hmacKey = (bytes) =>
    crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const hmac = async (key, message) => new Uint8Array(await crypto.subtle.sign("HMAC", key, message));

  // K_party, as in the protocol's definition: extract with the beacon as salt, expand under the protocol's hash.
  async function partyKey(seed) {
    const salt = text.beacon ? fromHex(text.beacon) : new Uint8Array(32);
    const extracted = await hmac(await hmacKey(salt), seed);
    const info = joined(encode("navtrial/key/v1"), fromHex(text.protocol), new Uint8Array([1]));
    return hmacKey(await hmac(await hmacKey(extracted), info));
  }

  async function readKeyFile(file) {
    const { seed, trial } = await seedIn(file);
    const right = trial === text.trial && (await commitmentOf(text.trial, seed)) === text.commitment;
    const key = right ? await partyKey(seed) : null;
    seed.fill(0);
    return key;
  }

  // A server that asked for a context of a number that does not wait would learn a draw before its time.
  function belongs(each, context) {
    const [trial, stratum, kind, position] = context;
    const own = context.length === 4 && trial === text.trial && stratum === each.stratum;
    return own && ((kind === "draw" && position === each.position) || (kind === "block" && Number.isInteger(position)));
  }

  async function contributions(batch) {
    const found = {};
    for (const each of batch) {
      for (const context of each.contexts) {
        if (!belongs(each, context)) throw new Error("suspicious");
        const canonical = JSON.stringify(context);
        found[canonical] = toHex(await hmac(state.key, encode(canonical)));
      }
    }
    return found;
  }

  // The same key at every try: a draw whose answer was lost is answered again, not drawn again.
  async function post(body) {
    const headers = {
      "Content-Type": "application/json",
      "X-CSRFToken": text.csrf,
      "Idempotency-Key": crypto.randomUUID(),
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await fetch(text.drawsUrl, { method: "POST", headers, body: JSON.stringify(body) });
        if (answer.ok) return await answer.json();
        if (answer.status < 500 && answer.status !== 409) throw Object.assign(new Error(), await answer.json());
        if (attempt === TRIES) throw Object.assign(new Error(), await answer.json().catch(() => ({})));
      } catch (problem) {
        if (problem.detail || attempt === TRIES) throw problem;
      }
      await new Promise((resolve) => { setTimeout(resolve, 300 * 2 ** attempt); });
    }
  }

  async function waitingNow() {
    const answer = await fetch(text.waitingUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("lost");
    return (await answer.json()).waiting;
  }

  function show(answer) {
    state.done += answer.drawn.length;
    state.total = Math.max(state.total, state.done + answer.waiting);
    find("drawn").hidden = false;
    answer.drawn.forEach((each) => {
      const row = find("drawn-rows").insertRow();
      row.className = "aksel-table__row";
      [each.participant, arms.get(each.arm) ?? each.arm, each.receipt.leaf_sha256].forEach((value) => {
        const cell = row.insertCell();
        cell.className = "aksel-table__data-cell aksel-body-short aksel-body-short--small";
        cell.textContent = value;
      });
    });
    const drawn = new Set(answer.drawn.map((each) => each.participant));
    document.querySelectorAll("[data-waiting] tbody tr").forEach((row) => {
      if (drawn.has(row.cells[0].textContent.trim())) row.remove();
    });
    const list = document.querySelector("[data-waiting]");
    if (list) list.hidden = !list.querySelector("tbody tr");
    progress();
  }

  function progress() {
    const share = state.total ? Math.round((100 * state.done) / state.total) : 100;
    const bar = find("progress").querySelector("[role=progressbar]");
    const said = text.textProgress.replace("{done}", state.done).replace("{total}", state.total);
    bar.setAttribute("aria-valuemax", state.total);
    bar.setAttribute("aria-valuenow", state.done);
    bar.setAttribute("aria-valuetext", said);
    bar.firstElementChild.className = `aksel-progress-bar__foreground app-share-${share}`;
    find("progress-text").textContent = said;
    find("progress").hidden = false;
  }

  async function drawAll() {
    for (;;) {
      if (state.stop) return text.textStopped;
      const ready = (await waitingNow()).filter((each) => each.contexts.length);
      if (!ready.length) return state.done ? text.textDone : text.textNobody;
      const before = state.done;
      for (let start = 0; start < ready.length && !state.stop; start += BATCH) {
        const batch = await contributions(ready.slice(start, start + BATCH));
        show(await post({ commitment: text.commitment, contributions: batch }));
      }
      if (state.done === before && !state.stop) throw new Error("lost");
    }
  }

  function busy(drawing) {
    find("draw").disabled = drawing || !state.key;
    find("key-file").disabled = drawing;
    find("stop").hidden = !drawing;
  }

  async function draw() {
    Object.assign(state, { stop: false, done: 0 });
    busy(true);
    find("outcome").textContent = text.textDrawing;
    document.querySelector("[data-at-first]").hidden = true; // how many waited; from here on the progress tells
    progress();
    try {
      find("outcome").textContent = await drawAll();
    } catch (problem) {
      const known = problem.message === "suspicious" ? text.textSuspicious : text.textLost;
      find("outcome").textContent = problem.detail || known;
    }
    busy(false);
  }

  find("key-file").addEventListener("change", async (event) => {
    state.key = null;
    const [file] = event.target.files;
    try {
      state.key = file ? await readKeyFile(file) : null;
      find("key-status").textContent = file ? (state.key ? text.textRight : text.textWrong) : "";
    } catch {
      find("key-status").textContent = text.textUnreadable;
    }
    busy(false);
  });
  find("draw").addEventListener("click", draw);
  find("stop").addEventListener("click", () => { state.stop = true; });
})();
