
// ---- A first look at the whole bundle: its list of files, its chain, each signature, each proof.
// The rules are those of verify.py, and fewer: it also compares the spreadsheet, and each field of a statement.

const PARTS = ["report.html", "entries.ndjson", "entries.csv", "manifest.json", "verify.py"];
const SUMS = "SHA256SUMS", NOTE = "SHA256SUMS.note", LINES = "entries.ndjson";
// What other programs leave beside files, as in verify.py.
const NO_PART = /(^|\/)(__MACOSX\/[^]*|\.DS_Store|\._[^/]*|[^/]+\.(json|txt|gz|zip)\.[0-9A-Fa-f]{8})$/;
const NO_PART_IN_ANY_CASE = /(^|\/)(thumbs\.db|desktop\.ini)$/i;
const MOST_BYTES = 1 << 30, MOST_SHOWN = 50, SMALL = 4096;
const P256 = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"; // and two coordinates
const subtle = globalThis.crypto && globalThis.crypto.subtle;

function need(isSo, why) {
  if (!isSo) throw new Error(why);
}

const textOf = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
const counted = (count) => count.toLocaleString("en-US");
// JSON with each number as its text: above 2^53 a browser's numbers are not exact, and an id may be.
const exact = (text) => JSON.parse(text.replace(/"[^"\\]*(?:\\[^][^"\\]*)*"|-?\d[\d.eE+-]*/g,
  (each) => each[0] === '"' ? each : `"${each}"`));
const bytesOf = (text) => new TextEncoder().encode(text);
const isSame = (one, other) => hex(one) === hex(other);

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

function base64(text) {
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  need(btoa(String.fromCharCode(...bytes)) === text, "this is not canonical Base64");
  return bytes;
}

// ---- The files: of a zip, a folder, or chosen one by one

async function inflated(data, size) {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  for (let total = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return joined(...parts);
    total += value.length;
    need(total <= size, "a file in it is larger than the zip states");
    parts.push(value);
  }
}

const viewOf = (bytes, at, size) => new DataView(bytes.buffer, bytes.byteOffset + at, size);

function endOfZip(zip) {
  const tail = viewOf(zip, Math.max(0, zip.length - 65557), Math.min(zip.length, 65557));
  let at = tail.byteLength - 22;
  while (at >= 0 && !(tail.getUint32(at, true) === 0x06054b50 &&
    tail.getUint16(at + 20, true) === tail.byteLength - at - 22)) at--;
  need(at >= 0, "this is not a zip, or it is cut off");
  const [count, size, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (count !== 0xffff && start !== 0xffffffff) return { count, size, start };
  need(at >= 20 && tail.getUint32(at - 20, true) === 0x07064b50, "the zip is broken");
  const long = viewOf(zip, Number(tail.getBigUint64(at - 12, true)), 56);
  const read = (place) => Number(long.getBigUint64(place, true));
  return { count: read(32), size: read(40), start: read(48) };
}

function longSizes(extra, sizes) {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    let place = at + 4;
    return sizes.map((size) => size === 0xffffffff ? Number(extra.getBigUint64((place += 8) - 8, true)) : size);
  }
  return sizes;
}

async function filesOfZip(blob) {
  need(blob.size <= MOST_BYTES, "the bundle is too large for a browser: use verify.py");
  const zip = new Uint8Array(await blob.arrayBuffer()), { count, size, start } = endOfZip(zip);
  const directory = viewOf(zip, start, size);
  const files = new Map();
  for (let n = 0, at = 0, total = 0; n < count; n++) {
    need(directory.getUint32(at, true) === 0x02014b50, "the zip is broken");
    const u16 = (place) => directory.getUint16(at + place, true), u32 = (place) => directory.getUint32(at + place, true);
    const [method, nameSize, extraSize] = [u16(10), u16(28), u16(30)];
    const name = textOf(zip.subarray(start + at + 46, start + at + 46 + nameSize));
    const extra = viewOf(zip, start + at + 46 + nameSize, extraSize);
    const [whole, packed, offset] = longSizes(extra, [u32(24), u32(20), u32(42)]);
    at += 46 + nameSize + extraSize + u16(32);
    if (name.endsWith("/")) continue;
    need(method === 0 || method === 8, `${name} is packed in a way that this page can't read`);
    need((total += whole) <= MOST_BYTES, "the bundle is too large for a browser: use verify.py");
    const local = viewOf(zip, offset, 30);
    const begin = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    const data = zip.subarray(begin, begin + packed);
    put(files, name, method ? await inflated(data, whole) : data);
    if (n % 500 === 499) await shown(`Unpacking: ${n + 1} of ${count} files …`);
  }
  return files;
}

function put(files, name, data) {
  need(![...name.split("/")].includes("..") && !files.has(name), `there are several files named ${name}`);
  files.set(name, data);
}

async function filesOf(chosen) {
  const files = new Map();
  if (chosen.length === 1 && /\.zip$/i.test(chosen[0].name)) return filesOfZip(chosen[0].file);
  const total = chosen.reduce((size, each) => size + each.file.size, 0);
  need(total <= MOST_BYTES, "the bundle is too large for a browser: use verify.py");
  for (const { name, file } of chosen) put(files, name, new Uint8Array(await file.arrayBuffer()));
  return files;
}

// The bundle may lie in a folder of the zip, and a file manager leaves files of its own.
function partsOf(files) {
  const names = [...files.keys()].filter((name) => !NO_PART.test(name) && !NO_PART_IN_ANY_CASE.test(name));
  const lists = names.filter((name) => name.split("/").pop() === SUMS).sort((a, b) => a.length - b.length);
  need(lists.length, `there is no ${SUMS}: this is not a bundle of evidence`);
  const home = lists[0].slice(0, -SUMS.length);
  return new Map(names.filter((name) => name.startsWith(home)).map((name) => [name.slice(home.length), files.get(name)]));
}

// ---- Keys, notes, proofs

function keyOf(der) {
  need(der.length === 91 && hex(der.subarray(0, 27)) === P256, "this is not a key on the curve P-256");
  const digest = digestOf(der);
  return { der, fingerprint: hex(digest), id: digest.subarray(0, 4) };
}

function keyOfPem(text) {
  const found = /^\s*-----BEGIN PUBLIC KEY-----\s([\w+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(text);
  need(found, "this is not a public key in PEM");
  return keyOf(base64(found[1].replace(/\s/g, "")));
}

function noteOf(bytes) {
  const text = textOf(bytes), between = text.lastIndexOf("\n\n");
  need(between >= 0 && text.endsWith("\n") && !/[\x00-\x09\x0b-\x1f]/.test(text), "this is not a signed note");
  const signatures = text.slice(between + 2, -1).split("\n").map((line) => {
    const found = /^— ([^\s+]+) (\S+)$/.exec(line);
    need(found, "this is not a signed note");
    const raw = base64(found[2]);
    return { name: found[1], id: raw.subarray(0, 4), signature: raw.subarray(4) };
  });
  return { text: text.slice(0, between + 1), signatures };
}

// ASN.1 DER, as KMS signs, to the two numbers of 32 bytes that WebCrypto takes.
function rawSignature(der) {
  const numbers = [];
  need(der[0] === 0x30 && der[1] === der.length - 2, "the signature is malformed");
  for (let at = 2; at < der.length; at += 2 + der[at + 1]) {
    need(der[at] === 2, "the signature is malformed");
    const number = der.subarray(at + 2, at + 2 + der[at + 1]);
    const short = number.subarray(number.findIndex((byte) => byte !== 0));
    need(short.length && short.length <= 32, "the signature is malformed");
    numbers.push(joined(new Uint8Array(32 - short.length), short));
  }
  need(numbers.length === 2, "the signature is malformed");
  return joined(...numbers);
}

// Whether a note has a valid signature by a key; null if this browser can't tell.
async function isSigned(note, name, key) {
  const ours = note.signatures.filter((each) => each.name === name && isSame(each.id, key.id));
  if (!ours.length) return false;
  if (!subtle) return null;
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const point = await subtle.importKey("spki", key.der, curve, false, ["verify"]);
  const how = { name: "ECDSA", hash: "SHA-256" };
  for (const { signature } of ours) {
    if (!(await subtle.verify(how, point, rawSignature(signature), bytesOf(note.text)))) return false;
  }
  return true;
}

// RFC 6962: the root to which a leaf and the hashes on its way up lead.
function rootAbove(leaf, index, size, path) {
  if (size === 1n) {
    need(index === 0n && !path.length, "the proof is too long");
    return leaf;
  }
  need(path.length, "the proof is too short");
  let half = 1n;
  while (half * 2n < size) half *= 2n;
  const [rest, last] = [path.slice(0, -1), path[path.length - 1]], node = Uint8Array.of(1);
  if (index < half) return digestOf(joined(node, rootAbove(leaf, index, half, rest), last));
  return digestOf(joined(node, last, rootAbove(leaf, index - half, size - half, rest)));
}

function* linesIn(bytes) {
  need(!bytes.length || bytes[bytes.length - 1] === 10, "its last line has no line feed");
  for (let at = 0, end; at < bytes.length; at = end + 1) {
    end = bytes.indexOf(10, at);
    yield bytes.subarray(at, end);
  }
}

// The id of a line, as its text.
function idOf(text) {
  const { id } = JSON.parse(text);
  need(Number.isInteger(id), "a line of it has no id");
  return Number.isSafeInteger(id) ? `${id}` : exact(text).id;
}

// ---- The checks

class Check {
  constructor(files, known, makers) {
    Object.assign(this, { files, known, makers, faults: [], told: [], notChecked: [], drawable: [], signed: new Map(), key: null, count: 0, proven: 0 });
  }

  fault(name, why) {
    this.faults.push(`${name}: ${why}`);
  }

  async step(name, action) {
    try {
      return await action();
    } catch (error) {
      this.fault(name, error.message);
    }
  }

  async run() {
    await this.step(SUMS, () => this.list());
    await this.step("statements", () => this.chain());
    await this.step(LINES, () => this.lines());
    await this.step(NOTE, () => this.seal());
    await this.step("keys", () => this.trust());
  }

  async list() {
    const lines = textOf(this.files.get(SUMS)).split("\n");
    need(lines.pop() === "", "its last line has no line feed");
    const sums = new Map(lines.map((line) => {
      need(/^[0-9a-f]{64}  ./.test(line), "a line of it is malformed");
      return [line.slice(66), line.slice(0, 64)];
    }));
    let done = 0;
    for (const name of new Set([...PARTS, ...sums.keys()])) {
      const data = this.files.get(name);
      if (!data) this.fault(name, "this file is missing");
      else if ((data.length < SMALL ? hex(digestOf(data)) : await sha256(data)) !== sums.get(name)) this.fault(name, `altered: its SHA-256 is not the one in ${SUMS}`);
      if (++done % 500 === 0) await shown(`Hashing: ${done} of ${sums.size} files …`);
    }
    for (const name of this.files.keys()) {
      if (!sums.has(name) && name !== SUMS && name !== NOTE) this.fault(name, `this file is not in ${SUMS}`);
    }
    this.told.push(`${SUMS}: ${counted(sums.size)} files hashed`);
  }

  async chain() {
    const found = [...this.files.keys()].map((name) => /^statements\/console=([a-z0-9-]{1,63})\/(\d{10})\.json$/.exec(name));
    const names = found.filter(Boolean).sort((a, b) => (a[0] < b[0] ? -1 : 1));
    need(names.length, "there is no statement");
    this.console = names[0][1];
    let before = null, first = 0n, absent = [], count = 0;
    const unsigned = new Set(); // a run may have died before it signed, and the key was replaced: then nobody can
    for (const [index, [name, console, number]] of names.entries()) {
      if (console !== this.console || Number(number) !== index + 1) {
        return this.fault(name, "a statement before it is missing, or it is another Console's");
      }
      const bytes = this.files.get(name), digest = hex(digestOf(bytes));
      const statement = await this.step(name, () => JSON.parse(textOf(bytes)));
      if (!statement) return undefined;
      const previous = statement.previous && statement.previous.sha256;
      if (previous !== before) this.fault(name, "broken: it does not name the SHA-256 of the statement before it");
      if (statement.console !== console || statement.seq !== index + 1) this.fault(name, "misdescribed: its number or Console");
      before = digest;
      if (statement.action === "epoch") first = BigInt(statement.tree.size);
      if (statement.action === "key") {
        absent.forEach((place) => unsigned.delete(place));
        [this.key, absent] = [await this.step(name, () => keyOf(base64(statement.public_key))), []];
      }
      if (statement.action === "bundle_key") this.named = await this.step(name, () => keyOf(base64(statement.public_key)));
      const place = `checkpoints/console=${console}/${number}.txt`;
      if (!this.key) continue;
      if (!this.files.has(place)) {
        unsigned.add(place);
        absent.push(place);
        continue;
      }
      absent = [];
      if (await this.step(place, () => this.checkpoint(place, statement, digest, first))) count++;
      if (index % 500 === 499) await shown(`Checking: ${index + 1} of ${names.length} statements …`);
    }
    unsigned.forEach((place) => this.fault(place, "unsigned: this checkpoint is missing"));
    this.told.push(`${counted(names.length)} statements in one chain of hashes, ${counted(count)} signed checkpoints`);
    this.strays(names.length);
    if (!this.key) this.notChecked.push("this archive is not signed, so no line can be proven");
    else await this.step("public-key.pem", () => {
      const given = keyOfPem(textOf(this.files.get("public-key.pem") || new Uint8Array()));
      need(given.fingerprint === this.key.fingerprint, "it is not the key that the chain names");
    });
  }

  // What lies in the folders of an archive and is neither a statement nor its checkpoint.
  strays(count) {
    for (const name of this.files.keys()) {
      const [, kind, number] = /^(statements|checkpoints)\/console=[a-z0-9-]+\/(\d{10})\.(?:json|txt)$/.exec(name) || [];
      if (kind === "checkpoints" && Number(number) > count) this.fault(name, "a statement at the end is missing: this is its checkpoint");
      else if (!kind && name.includes("/console=")) this.notChecked.push(`${name}: no other file of the bundle names it`);
    }
  }

  async checkpoint(place, statement, digest, first) {
    const bytes = this.files.get(place), note = noteOf(bytes), origin = `canary-audit-archive/${this.console}`;
    const valid = await isSigned(note, origin, this.key);
    need(valid !== false, "altered: it has no valid signature by the key that the chain names");
    if (valid === null) this.unsignable();
    const text = /^(\S+)\n(0|[1-9]\d{0,17})\n(.{44})\nstatement ([0-9a-f]{64})\n$/.exec(note.text);
    need(text && text[1] === origin, "this is not a checkpoint of this Console");
    const root = hex(base64(text[3])), size = BigInt(text[2]);
    const isIts = text[4] === digest && size === BigInt(statement.tree.size) && root === statement.tree.root;
    need(isIts, "misdescribed: it is for another statement or another tree");
    this.signed.set(textOf(bytes), { epoch: String(statement.epoch), first, size, root });
    return true;
  }

  unsignable() {
    const why = "this browser checks no signatures on a page from a file: use verify.py, or another browser";
    if (!this.notChecked.includes(why)) this.notChecked.push(why);
  }

  async lines() {
    const waiting = new Map();
    let count = 0, proven = 0;
    const bytes = this.files.get(LINES) || new Uint8Array(), ids = [];
    for (const line of linesIn(bytes)) {
      const id = idOf(textOf(line));
      ids.push(BigInt(id));
      waiting.set(id, [...(waiting.get(id) || []), digestOf(joined(Uint8Array.of(0), line))]);
      count++;
    }
    const proofs = [...this.files.keys()].filter((name) => name.startsWith("proofs/"));
    for (const name of proofs) {
      if (await this.step(name, () => this.proof(name, waiting))) proven++;
      if (proven % 500 === 499) await shown(`Checking: ${proven} of ${proofs.length} proofs …`);
    }
    const [manifest, texts] = (await this.step("manifest.json", () => [JSON.parse, exact].map((parsed) =>
      parsed(textOf(this.files.get("manifest.json"))) || {}))) || [{}, {}];
    const matched = (manifest.coverage || {}).matched, without = `${counted(count - proven)} of ${counted(count)} lines`;
    if (matched !== count) this.fault("manifest.json", `it does not say that there are ${counted(count)} entries`);
    if (proven < count && manifest.proof_limit === proven) {
      this.notChecked.push(`${without}: the bundle says that it has no proof of them`);
    } else if (proven < count) {
      this.fault(LINES, `there is no valid proof for ${without}`);
    }
    if (!count) this.notChecked.push("the bundle has no line, so it proves nothing of any entry");
    await this.totals(manifest.totals, texts.totals, ids, bytes);
    if (manifest.sample) await this.step("manifest.json", () => this.sample(texts.sample, count));
    Object.assign(this, { count, proven });
    this.told.push(`${counted(proven)} of ${counted(count)} lines proven`);
  }

  proof(name, waiting) {
    const place = /^proofs\/(\d+)-(\d+)\.tlog-proof$/.exec(name), candidates = place && waiting.get(place[2]);
    const found = /^c2sp\.org\/tlog-proof@v1\nindex (\d+)((?:\n\S{44})*)\n\n([^]*)$/.exec(textOf(this.files.get(name)));
    need(found && candidates, `it does not prove any line of ${LINES}`);
    const tree = this.signed.get(found[3]), index = BigInt(found[1]);
    need(tree && tree.epoch === place[1] && index >= tree.first && index < tree.size, "it rests on no valid checkpoint of its epoch");
    const path = found[2].split("\n").slice(1).map(base64);
    const at = candidates.findIndex((leaf) => hex(rootAbove(leaf, index, tree.size, path)) === tree.root);
    need(at >= 0, `altered: it does not prove the line of this id in ${LINES}`);
    candidates.splice(at, 1);
    this.drawable.push([place[1], place[2]]);
    return true;
  }

  async totals(stated, texts, ids, bytes) {
    if (!stated) return this.notChecked.push("the control totals: manifest.json states none");
    const [lowest, highest, sum] = ids.reduce(([low, high, total], id) =>
      [low === null || id < low ? id : low, high === null || id > high ? id : high, total + id], [null, null, 0n]);
    const made = { entries: ids.length, lowest_id: lowest, highest_id: highest, sum_of_ids: sum, size: bytes.length, sha256: await sha256(bytes) };
    const isAlike = (name) => typeof stated[name] === (typeof made[name]).replace("bigint", "number");
    const wrong = Object.keys(made).filter((name) => !isAlike(name) || `${texts[name]}` !== `${made[name]}`);
    for (const name of wrong) this.fault("manifest.json", `misdescribed: its total ${name} is not the one of ${LINES}`);
    if (!wrong.length) this.told.push(`the control totals are those of ${LINES}`);
  }

  // The entries with the lowest SHA-256 of SEED:EPOCH:ID. The epoch of a line is that of its proof.
  sample({ seed, wanted, drawn }, count) {
    if (this.drawable.length < count) return this.notChecked.push("the sample: a line without a proof has no epoch here");
    const keys = this.drawable.map(([epoch, id]) => [hex(digestOf(bytesOf(`${seed}:${epoch}:${id}`))), epoch, id]);
    const made = keys.sort((a, b) => (a[0] < b[0] ? -1 : 1)).slice(0, wanted).map((each) => each.join(" "));
    const stated = drawn.map((each) => `${each.sha256} ${each.epoch} ${each.id}`);
    need(made.join() === stated.join(), "misdescribed: its sample is not the one that its seed draws");
    return this.told.push(`the sample of ${made.length} is the one that the seed ${seed} draws`);
  }

  async seal() {
    if (!this.files.has(NOTE)) return this.notChecked.push(`${SUMS} is not signed: nothing vouches for report and manifest`);
    const origin = `canary-audit-archive/${this.console}/bundles`, note = noteOf(this.files.get(NOTE));
    const text = `${origin}\n${SUMS} ${hex(digestOf(this.files.get(SUMS)))}\n`;
    need(note.text === text, `altered: ${SUMS} is not the list that was signed`);
    const maker = keyOfPem(textOf(this.files.get("bundle-key.pem") || new Uint8Array()));
    const valid = await isSigned(note, origin, maker);
    need(valid !== false, "altered: its signature by bundle-key.pem is not valid");
    this.maker = maker;
    if (valid === null) return this.unsignable();
    const isNamed = this.key && this.named && this.named.fingerprint === maker.fingerprint;
    if (isNamed && !this.makers.size) this.makers.add(maker.fingerprint);
    return this.told.push(`${SUMS} is signed by the bundle key with the SHA-256 ${maker.fingerprint}` +
      (isNamed ? ", which the chain names" : ""));
  }

  trust() {
    if (this.key) this.told.push(`The archive's key has the SHA-256 ${this.key.fingerprint}`);
    const given = [[this.key, this.known, "archive", "public-key.pem"], [this.maker, this.makers, "bundle", "bundle-key.pem"]];
    for (const [key, known, what, name] of given) {
      if (key && !known.size) this.notChecked.push(`whose ${what} key this is: you entered none that you got from elsewhere`);
      else if (known.size && !(key && known.has(key.fingerprint))) this.fault(name, `the ${what} key that you entered did not sign this`);
    }
  }
}

// ---- What the reader sees

const place = document.getElementById("bundle-check"), headline = document.getElementById("bundle-verdict");
const pause = () => new Promise((resume) => setTimeout(resume));

async function shown(text) {
  headline.className = "verdict";
  headline.textContent = text;
  await pause();
}

function knownKeys(text) {
  const keys = text.match(/-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g) || [];
  const rest = text.replace(/-----BEGIN[^]*?-----END PUBLIC KEY-----/g, " ").replace(/[:]/g, "").split(/[\s,;]+/).filter(Boolean);
  rest.forEach((each) => need(/^[0-9a-f]{64}$/i.test(each), `“${each}” is neither a SHA-256 nor a key in PEM`));
  return new Set([...rest.map((each) => each.toLowerCase()), ...keys.map((each) => keyOfPem(each).fingerprint)]);
}

// A name in a bundle may hold what turns the text around it.
const visible = (text) => text.replace(/[\p{C}\p{Z}]/gu, (each) =>
  each === " " ? each : `\\u{${each.codePointAt(0).toString(16)}}`);

function listed(id, items, sign) {
  const list = document.getElementById(id), cut = items.length - MOST_SHOWN;
  const lines = cut > 0 ? [...items.slice(0, MOST_SHOWN), `and ${cut} more`] : items;
  list.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = `${sign} ${visible(line)}`;
    return item;
  }));
}

async function checkBundle(chosen) {
  ["bundle-faults", "bundle-unchecked", "bundle-told"].forEach((id) => listed(id, [], ""));
  try {
    await shown("Reading …");
    const [known, makers] = ["known-keys", "known-makers"].map((id) => knownKeys(document.getElementById(id).value));
    const check = new Check(partsOf(await filesOf(chosen)), known, makers);
    await check.run();
    headline.className = "verdict";
    const { faults, notChecked, told } = check, sure = !notChecked.length;
    if (faults.length) show(headline, false, `NOT consistent: ${faults.length} fault${faults.length > 1 ? "s" : ""}. Do not rely on this bundle.`);
    else if (sure) show(headline, true, `OK: ${counted(check.proven)} of ${counted(check.count)} lines proven, all signed by the keys that you entered.`);
    else headline.textContent = `! Consistent, as far as it was checked: ${counted(check.proven)} of ${counted(check.count)} lines proven. Read below what was not checked.`;
    listed("bundle-faults", faults, "✕");
    listed("bundle-unchecked", notChecked.map((each) => `Not checked: ${each}.`), "!");
    listed("bundle-told", told, faults.length ? "·" : "✓");
  } catch (error) {
    headline.className = "verdict";
    show(headline, false, `NOT checked: ${visible(error.message)}.`);
  }
}

async function entriesOf(entry, home = "") {
  if (entry.isFile) {
    return [{ name: home + entry.name, file: await new Promise((done, failed) => entry.file(done, failed)) }];
  }
  const reader = entry.createReader(), all = [];
  for (let some = null; some === null || some.length; ) {
    some = await new Promise((done, failed) => reader.readEntries(done, failed));
    for (const each of some) all.push(...(await entriesOf(each, `${home}${entry.name}/`)));
  }
  return all;
}

if (place) {
  place.hidden = false;
  for (const id of ["bundle-zip", "bundle-folder"]) {
    const input = document.getElementById(id);
    input.addEventListener("click", () => (input.value = ""));
    input.addEventListener("change", () => input.files.length &&
      checkBundle([...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file }))));
  }
  place.addEventListener("dragover", (event) => event.preventDefault());
  place.addEventListener("drop", async (event) => {
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    const loose = entries.length ? [] : [...event.dataTransfer.files].map((file) => ({ name: file.name, file }));
    checkBundle([...loose, ...(await Promise.all(entries.map((entry) => entriesOf(entry)))).flat()]);
  });
}
