// What script adds to pages that work without it: focus on what went wrong, dialogs, copying, charts on demand.
"use strict";

(() => {
  const each = (root, selector, act) => root.querySelectorAll(selector).forEach(act);

  function focusErrors(root) {
    const heading = root.querySelector("[data-error-summary] h2");
    if (heading) heading.focus();
  }

  function copy(button) {
    const label = button.querySelector("[aria-live]");
    const before = label.textContent;
    navigator.clipboard.writeText(button.dataset.copy).then(() => {
      label.textContent = button.dataset.copied;
      setTimeout(() => { label.textContent = before; }, 2000);
    });
  }

  // The panel of a confirmation moves into a real dialog: focus is held inside, Escape closes it.
  function makeDialog(details) {
    const panel = details.querySelector(".app-confirm__panel");
    const dialog = document.createElement("dialog");
    dialog.className = "aksel-modal app-dialog";
    dialog.setAttribute("aria-labelledby", `${panel.id}-heading`);
    dialog.append(panel);
    details.after(dialog);
    each(panel, "[data-needs-script]", (element) => { element.hidden = false; });
    each(panel, "[data-needs-script] button", (button) => button.addEventListener("click", () => dialog.close()));
    details.querySelector("summary").addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
    });
    if (panel.querySelector("[data-error-summary]")) dialog.showModal();
  }

  function loadCharts() {
    const addresses = [document.body.dataset.vega, document.body.dataset.charts];
    if (document.querySelector(`script[src="${addresses[0]}"]`)) return;
    addresses.forEach((address) => {
      const script = document.createElement("script");
      script.src = address;
      script.async = false; // in order: the charts need Vega
      document.head.append(script);
    });
  }

  // Where a row of links is wider than the screen, the one for this page is in sight.
  function showCurrent(link) {
    const row = link.closest(".app-header__nav, .aksel-tabs__tablist");
    if (row) row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.clientWidth) / 2;
  }

  function enhance(root) {
    each(root, "nav a[aria-current]", showCurrent);
    focusErrors(root);
    each(root, "[data-copy]", (button) => { button.hidden = !navigator.clipboard; });
    each(root, "[data-confirm-dialog]", makeDialog);
    if (root.querySelector("[data-chart]")) loadCharts();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    each(document, ".app-menu[open]", (menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest(".app-menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // A second click while the first is on its way sends nothing: the page that comes answers the first one. A form
  // whose answer is a file leaves the page as it is, so that it can be sent again after a moment. A contact's form
  // (`data-quick-log`) is sent by its own script, which counts what it has sent.
  function sentAlready(form) {
    if (form.getAttribute("method") !== "post" || form.matches("[hx-post], [data-quick-log]")) return false;
    if (form.dataset.sent) return true;
    form.dataset.sent = "true";
    setTimeout(() => { delete form.dataset.sent; }, 3000);
    return false;
  }

  document.addEventListener("submit", (event) => {
    if (sentAlready(event.target)) event.preventDefault();
  });

  // A session that ended answers a partial update with the sign-in page: show it as a page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!new URL(event.detail.xhr.responseURL, location.href).pathname.startsWith("/account/")) return;
    event.detail.shouldSwap = false;
    location.reload();
  });
  document.addEventListener("htmx:load", (event) => { if (event.detail.elt !== document.body) enhance(event.detail.elt); });

  enhance(document);
})();
