// Says in words when a passkey was not used or not made; allauth's script only tells the console.
"use strict";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const sentence = document.querySelector("[data-passkey-error]");
  if (!sentence) return;
  sentence.hidden = false;
  sentence.focus();
});
