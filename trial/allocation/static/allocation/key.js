// The researcher's key, made and kept here: nothing on this page is sent to the server.
// Two sheets of paper: the first is random, the second is the seed XOR the first; one alone says nothing of the seed.
import { commitmentOf, encode, fromHex, joined, keyFile, seedIn, sha256, toHex } from "./seed.js";

const SEED_BYTES = 32;
const page = document.querySelector("[data-key-page]");
const find = (name) => page.querySelector(`[data-${name}]`);
const text = page.dataset;

const xor = (one, other) => one.map((byte, place) => byte ^ other[place]);
const check = async (sheet, share) => (await sha256(joined(encode(`navtrial/escrow/v1 ${sheet}`), share))).slice(0, 4);
const groups = (hex) => hex.match(/.{4}/g).join(" ");

async function written(sheet, share) {
  return groups(toHex(share) + (await check(sheet, share)));
}

// The share that was typed from a sheet; null where a sign is wrong.
async function typed(sheet, line) {
  const hex = line.toLowerCase().replace(/\s/g, "");
  if (!/^[0-9a-f]{68}$/.test(hex)) return null;
  const share = fromHex(hex.slice(0, 64));
  return (await check(sheet, share)) === hex.slice(64) ? share : null;
}

async function download(seed) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await keyFile(text.trial, seed));
  link.download = `${text.trial}-researcher-key.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function make() {
  const seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES));
  await download(seed);
  find("commitment").textContent = await commitmentOf(text.trial, seed);
  find("made").hidden = false;
  seed.fill(0);
}

async function split(event) {
  const [file] = event.target.files;
  find("sheets").hidden = true;
  if (!file) return;
  try {
    const { seed, trial } = await seedIn(file);
    const right = trial === text.trial && (!text.commitment || (await commitmentOf(trial, seed)) === text.commitment);
    find("split-status").textContent = right ? "" : text.textWrong;
    if (!right) return;
    const first = crypto.getRandomValues(new Uint8Array(SEED_BYTES));
    find("sheet-1").textContent = await written(1, first);
    find("sheet-2").textContent = await written(2, xor(seed, first));
    find("sheets").hidden = false;
    seed.fill(0);
  } catch {
    find("split-status").textContent = text.textUnreadable;
  }
}

async function combine() {
  const shares = [await typed(1, find("share-1").value), await typed(2, find("share-2").value)];
  const missing = shares.findIndex((share) => share === null);
  if (missing >= 0) {
    find("combine-status").textContent = text.textTyped.replace("{sheet}", missing + 1);
    return;
  }
  const seed = xor(...shares);
  const right = (await commitmentOf(text.trial, seed)) === text.commitment;
  find("combine-status").textContent = right ? text.textRecovered : text.textWrong;
  if (right) await download(seed);
  seed.fill(0);
}

page.querySelectorAll("[data-sheet]").forEach((sheet) => { sheet.style.breakBefore = "page"; });
page.querySelectorAll("[data-needs-key-script]").forEach((part) => { part.hidden = false; });
find("make")?.addEventListener("click", make);
find("split").addEventListener("change", split);
find("combine")?.addEventListener("click", combine);
