// Keeps logged contacts in the browser until the server has them. Each form carries a key that the server counts once,
// so that sending again never doubles anything; an entry leaves the browser only when the server has answered yes.
// Entries belong to the user who wrote them, and nobody else's session sends or shows them.
"use strict";

(() => {
  const box = document.querySelector("[data-outbox]");
  if (!box) return;
  const { user, texts } = { user: box.dataset.user, texts: box.dataset };
  const STORE = `navtrial-outbox-${user}`;
  const DRAFTS = `navtrial-drafts-${user}`;
  const AGAIN_SECONDS = 20;
  const NO_ANSWER = ["not_authenticated", "authentication_failed", "permission_denied", "throttled"];
  const status = box.querySelector("[data-outbox-status]");
  const list = box.querySelector("[data-outbox-list]");
  let sending = false;

  const write = (name, values) => localStorage.setItem(name, JSON.stringify(values));

  // A browser that keeps nothing (its store is closed, or holds what is no longer readable) has nothing to show.
  function read(name) {
    try {
      return JSON.parse(localStorage.getItem(name) || "{}");
    } catch {
      return {};
    }
  }

  function change(name, key, value) {
    const values = read(name);
    if (value === undefined) delete values[key];
    else values[key] = value;
    write(name, values);
  }

  const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";

  function show() {
    const entries = Object.entries(read(STORE)).filter(([, entry]) => !entry.native);
    box.hidden = entries.length === 0;
    status.textContent = entries.length ? texts.kept.replace("{number}", entries.length) : "";
    list.replaceChildren(...entries.map(([key, entry]) => line(key, entry)));
  }

  function line(key, entry) {
    const item = document.createElement("li");
    item.textContent = `${entry.participant}, ${entry.day}: ${entry.refused || texts.waiting}`;
    if (!entry.refused) return item;
    if (entry.note) item.append(` «${entry.note}»`);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "aksel-button aksel-button--small";
    button.dataset.variant = "tertiary";
    button.textContent = texts.discard;
    button.addEventListener("click", () => {
      if (!window.confirm(texts.sure)) return;
      change(STORE, key);
      show();
    });
    item.append(" ", button);
    return item;
  }

  // What the server says to an entry: saved, or a sentence why not. A session that has ended, or a server in trouble,
  // is no answer.
  async function post(entry) {
    const { address, refused, native, ...body } = entry;
    const answer = await fetch(address, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf(), Accept: "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.status === 201) return { saved: true };
    const problem = answer.status < 500 ? await answer.json().catch(() => null) : null;
    if (!problem || NO_ANSWER.includes(problem.code)) return null;
    const sentence = problem.errors?.length ? problem.errors[0].detail : problem.detail;
    return { saved: false, sentence: sentence || texts.refused };
  }

  // What the server says no to stays, with its sentence, until its author discards it; without an answer it waits.
  async function send(key, entry) {
    const said = await post(entry);
    if (said && said.saved) change(STORE, key);
    else if (said) {
      const { native, ...mine } = entry;
      change(STORE, key, { ...mine, refused: said.sentence });
    }
    return Boolean(said && said.saved && !entry.native);
  }

  async function sendAll() {
    if (sending || !navigator.onLine) return;
    sending = true;
    let sent = 0;
    try {
      for (const [key, entry] of Object.entries(read(STORE))) {
        if (!entry.refused && (await send(key, entry))) sent += 1;
      }
    } catch {
      // no answer: everything is still there, and goes with the next round
    }
    sending = false;
    show();
    if (sent) {
      box.hidden = false;
      status.textContent = texts.sent.replace("{number}", sent);
    }
  }

  // A day as the forms take it, with full stops or in eight digits, as the API takes it.
  function plainDay(typed) {
    const digits = /^(\d{2})(\d{2})(\d{4})$/.exec(typed.trim());
    const parts = digits ? digits.slice(1) : typed.trim().split(".");
    return parts.reverse().map((part) => part.padStart(2, "0")).join("-");
  }

  function entryOf(form) {
    const { csrfmiddlewaretoken, from, key, day, ...values } = Object.fromEntries(new FormData(form));
    const known = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
    return {
      ...known,
      ...(known.in_control ? { in_control: true } : {}),
      key,
      day: plainDay(day),
      address: form.dataset.api,
      participant: form.dataset.participant,
    };
  }

  // Every entry is kept before it is sent. While the server answers, the form goes the usual way and shows what is
  // wrong at its field; the copy here then goes again under its key and counts for nothing more.
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-quick-log]");
    if (!form || form.dataset.sent) return;
    const entry = entryOf(form);
    event.preventDefault();
    if (!kept(entry)) {
      await sendFromForm(form, entry);
      return;
    }
    if (await reachable()) {
      form.dataset.sent = "yes";
      form.requestSubmit();
      return;
    }
    if (!kept(entry, {})) {
      say(form, texts.unkept);
      return;
    }
    empty(form);
    show();
    status.focus();
  });

  // Whoever leaves a form that is kept nowhere else is asked first.
  window.addEventListener("beforeunload", (event) => {
    if (document.querySelector("[data-quick-said]:not([hidden])")) event.preventDefault();
  });

  // Where the browser keeps nothing, the form is the only copy: it is emptied only when the server has answered yes.
  async function sendFromForm(form, entry) {
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    const said = await post(entry).catch(() => null);
    delete form.dataset.busy;
    if (said && said.saved) {
      say(form, "");
      empty(form);
      box.hidden = false;
      status.textContent = texts.saved;
      status.focus();
    } else {
      say(form, (said && said.sentence) || texts.unkept);
    }
  }

  function empty(form) {
    form.reset();
    form.elements.key.value = crypto.randomUUID();
    form.closest("details")?.removeAttribute("open");
  }

  function say(form, sentence) {
    let place = form.querySelector("[data-quick-said]");
    if (!place) {
      place = document.createElement("p");
      place.dataset.quickSaid = "";
      place.className = "aksel-error-message aksel-label";
      place.setAttribute("role", "alert");
      form.querySelector("button[type=submit]").before(place);
    }
    place.hidden = !sentence;
    place.textContent = sentence;
  }

  // Whether an entry can be kept here: the store may be full or closed.
  function kept(entry, mark = { native: true }) {
    try {
      change(STORE, entry.key, { ...entry, ...mark });
      change(DRAFTS, entry.participant);
      return true;
    } catch {
      return false;
    }
  }

  async function reachable() {
    try {
      const answer = await fetch(box.dataset.alive, { cache: "no-store" });
      return answer.ok;
    } catch {
      return false;
    }
  }

  // A form that is half filled in when the page goes away is filled in again.
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-quick-log]");
    if (!form) return;
    const { csrfmiddlewaretoken, from, ...values } = Object.fromEntries(new FormData(form));
    try {
      change(DRAFTS, form.dataset.participant, values);
    } catch {
      // nothing is kept here; what is written still stands in the form
    }
  });

  // What stands in a form with what is wrong need not be kept here as well, also where the form has a new key.
  function forget(form) {
    const { key: mine, ...said } = entryOf(form);
    for (const [key, { key: _own, native, ...kept }] of Object.entries(read(STORE))) {
      if (key === mine || (native && JSON.stringify(kept) === JSON.stringify(said))) change(STORE, key);
    }
  }

  function restore(root) {
    root.querySelectorAll("form[data-quick-log]").forEach((form) => {
      const refused = form.querySelector("[aria-invalid=true], [data-error-summary]");
      if (refused) forget(form);
      const draft = read(DRAFTS)[form.dataset.participant];
      if (!draft || refused) return;
      Object.entries(draft).forEach(([name, value]) => {
        const field = form.elements[name];
        if (field?.type === "checkbox") field.checked = true;
        else if (field) field.value = value;
      });
    });
  }

  // Without a network a person's form cannot be fetched. The page carries one for everybody, which takes its place.
  document.addEventListener("htmx:sendError", (event) => {
    const slot = event.detail.elt;
    const spare = document.querySelector("template[data-quick-spare]");
    if (!spare || !slot.dataset.quickSlot) return;
    const number = slot.dataset.quickSlot;
    const form = spare.content.querySelector("form").cloneNode(true);
    form.dataset.participant = number;
    form.action = slot.dataset.action;
    form.elements.key.value = crypto.randomUUID();
    form.querySelectorAll("[id], [for], [aria-describedby]").forEach((part) => {
      for (const name of ["id", "for", "aria-describedby"]) {
        if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replaceAll("spare-", `${number}-spare-`));
      }
    });
    slot.replaceWith(form);
    restore(form.parentElement);
  });

  document.addEventListener("htmx:load", (event) => restore(event.detail.elt));
  window.addEventListener("online", sendAll);
  setInterval(sendAll, AGAIN_SECONDS * 1000);
  restore(document);
  show();
  sendAll();
})();
