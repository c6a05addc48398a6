// This page can check that it is consistent, and no more. For anything else, rely on verify.py.
"use strict";

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

// Some browsers have no crypto.subtle on a page that was opened from a file. So here is SHA-256 (FIPS 180-4).
const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) >>> 0;
const k = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const w = new Uint32Array(64);

function digestOf(bytes) {
  const h = Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0);

  const rotate = (x, n) => (x >>> n) | (x << (32 - n));
  for (let block = 0; block < padded.length; block += 64) {
    for (let t = 0; t < 64; t++) {
      if (t < 16) {
        w[t] = view.getUint32(block + 4 * t);
        continue;
      }
      const s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >>> 3);
      const s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >>> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    let [a, b, c, d, e, f, g, last] = h;
    for (let t = 0; t < 64; t++) {
      const t1 = last + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[t] + w[t];
      const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [a, b, c, d, e, f, g, last] = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, last].forEach((x, i) => (h[i] += x));
  }
  const digest = new DataView(new ArrayBuffer(32));
  h.forEach((x, i) => digest.setUint32(4 * i, x));
  return new Uint8Array(digest.buffer);
}

async function sha256(bytes) {
  const subtle = globalThis.crypto && globalThis.crypto.subtle;
  return subtle ? hex(new Uint8Array(await subtle.digest("SHA-256", bytes))) : hex(digestOf(bytes));
}

function show(element, isGood, text) {
  element.classList.add(isGood ? "good" : "bad");
  element.textContent = (isGood ? "✓ " : "✕ ") + text;
}

// The lines as they stand in the page, each once. All that a reader sees of an entry comes from its line.
async function checkEntries(status) {
  const lines = Array.from(document.querySelectorAll(".entries .raw"), (line) => line.textContent + "\n");
  const found = await sha256(new TextEncoder().encode(lines.join("")));
  const { sha256: expected, shown, all } = status.dataset;
  if (found !== expected || String(lines.length) !== shown) {
    show(status, false, `NOT the entries of this report: ${lines.length} lines have the SHA-256 ${found}. ` +
      `The report states ${shown} lines with ${expected}. This page was altered: do not rely on it.`);
    return;
  }
  const these = shown === "1" ? "this line has" : `these ${shown} lines have`;
  show(status, true, `OK: ${these} the SHA-256 that this report states, ${expected}.` +
    (all ? ` The file ${all} has the same SHA-256.` : ""));
}

async function checkFile(file) {
  const item = document.getElementById("chosen").appendChild(document.createElement("li"));
  item.textContent = `${file.name}: reading …`;
  const names = new Map(Array.from(document.querySelectorAll(".files tbody tr"), (row) =>
    [row.cells[2].textContent, row.cells[0].textContent]));
  try {
    const found = await sha256(new Uint8Array(await file.arrayBuffer()));
    const name = names.get(found);
    if (name) show(item, true, `${file.name}: OK, this is ${name} of this bundle. SHA-256 ${found}`);
    else show(item, false, `${file.name}: NOT one of the files listed here. SHA-256 ${found}`);
  } catch (error) {
    show(item, false, `${file.name}: this page can't read it (${error.name}). Use sha256sum -c SHA256SUMS.`);
  }
}

const status = document.getElementById("check");
if (status) {
  checkEntries(status).catch((error) => show(status, false, `Not checked: ${error.message}`));
}
const chooser = document.getElementById("chooser");
document.getElementById("choosing").hidden = false;
chooser.addEventListener("click", () => (chooser.value = "")); // without this, the same file again is no change
chooser.addEventListener("change", async (event) => {
  document.getElementById("chosen").replaceChildren();
  for (const file of event.target.files) await checkFile(file);
});
