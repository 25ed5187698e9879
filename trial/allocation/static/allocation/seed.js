// What the draw room and the page of the key share: bytes, the commitment, and the key file.
export const encode = (string) => new TextEncoder().encode(string);
export const toHex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
export const fromHex = (hex) => new Uint8Array((hex.match(/../g) || []).map((pair) => parseInt(pair, 16)));

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((place, part) => { whole.set(part, place); return place + part.length; }, 0);
  return whole;
}

export const sha256 = async (bytes) => toHex(await crypto.subtle.digest("SHA-256", bytes));

export const commitmentOf = (trial, seed) => sha256(joined(encode("navtrial/seed/v1"), encode(trial), seed));

// The seed of a key file; throws where the file is none.
export async function seedIn(file) {
  const content = JSON.parse(await file.text());
  if (!/^[0-9a-f]{64}$/.test(content.seed)) throw new Error("no seed");
  return { seed: fromHex(content.seed), trial: content.trial };
}

export async function keyFile(trial, seed) {
  const content = { trial, party: "researcher", seed: toHex(seed), commitment: await commitmentOf(trial, seed) };
  return new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: "application/json" });
}
