// Gives someone on the waiting list to a specialist by drag, or by keyboard: pick, choose with the arrows, Enter.
// Both fill in the office's form and send it, so that the server's rules and sentences are the same for all.
"use strict";

document.querySelectorAll("[data-board]").forEach((board) => {
  const form = board.querySelector("form[data-assign]");
  const status = board.querySelector("[data-board-status]");
  const places = [...board.querySelectorAll("[data-specialist]")];
  const buttons = places.map((place) => place.querySelector("[data-place]"));
  let picked = null;
  if (!form) return;

  function pick(person) {
    drop();
    picked = person;
    person.classList.add("followup-picked");
    buttons.forEach((button) => { button.hidden = false; });
    status.textContent = status.dataset.picked.replace("{number}", person.dataset.number);
  }

  function drop() {
    if (picked) picked.classList.remove("followup-picked");
    picked = null;
    buttons.forEach((button) => { button.hidden = true; });
    places.forEach((place) => place.classList.remove("followup-place--over"));
    status.textContent = "";
  }

  function give(place) {
    form.querySelector("select[name$=participant]").value = picked.dataset.number;
    form.querySelector("select[name$=specialist]").value = place.dataset.specialist;
    form.requestSubmit();
  }

  board.querySelectorAll("[data-number]").forEach((person) => {
    const button = person.querySelector("[data-pick]");
    person.draggable = true;
    button.hidden = false;
    button.addEventListener("click", () => {
      pick(person);
      buttons[0].focus();
    });
    person.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/plain", person.dataset.number);
      event.dataTransfer.effectAllowed = "move";
      pick(person);
    });
    person.addEventListener("dragend", drop);
  });

  places.forEach((place, index) => {
    place.addEventListener("dragover", (event) => {
      if (!picked) return;
      event.preventDefault();
      place.classList.add("followup-place--over");
    });
    place.addEventListener("dragleave", () => place.classList.remove("followup-place--over"));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      if (picked) give(place);
    });
    buttons[index].addEventListener("click", () => give(place));
  });

  board.addEventListener("keydown", (event) => {
    const place = buttons.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape" && picked) {
      const back = picked.querySelector("[data-pick]");
      drop();
      back.focus();
    } else if (step && place >= 0) {
      event.preventDefault();
      buttons[(place + step + buttons.length) % buttons.length].focus();
    }
  });
});
