// The chaos of tests/lab/chaos: chaos.mjs FOLDER CEPA SECONDS NODES DEATHS_PER_HOUR SEED.
import { spawn } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sleep, until } from "./daemons.mjs";

const [folder, cepa] = process.argv.slice(2);
const [seconds, count, deathsPerHour, seed] = process.argv.slice(4).map(Number);
const ENDS = 6; // nodes that send and receive; they live
const WORKERS = 2; // of each end, one job after the other
const JOIN_MS = 60000;
const JOB_MS = 90000; // for a job of a few MB at most: what takes longer is stuck
const SIZE_MIN = 4 << 10;
const SIZE_MAX = 4 << 20;
const AWAY_MS = [500, 10000]; // for how long a dead one is away
const GROWTH_MAX = 1.25; // of memory, in the second half of a long run
const LONG_S = 900;

// The order of events follows from the seed, as far as real processes let it (xorshift).
let state = (seed * 2654435761 + 1) >>> 0;
function random(limit) {
  state ^= state << 13;
  state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % limit;
}

const port = 12000 + (process.pid % 20000);
let invitation = "";
const children = new Set();

class Node extends Daemon {
  constructor(number) {
    super(cepa, folder, String(number));
    this.ip = `127.${number + 1}.0.1`;
    this.deaths = 0;
  }

  up() {
    const log = openSync(`${this.state}.log`, "a");
    const words = ["up", "--profile", "test", "--listen", this.ip, "--port", String(port), "--role", "relay",
      "--shaper", "off", "--port-mapping", "off", "--log-level", "warning", "--state-directory", this.state];
    if (invitation !== "") {
      words.push("--invitation", invitation);
    }
    this.child = spawn(cepa, words, { stdio: ["ignore", log, log] });
    children.add(this.child);
    const { child } = this;
    this.ended = new Promise((resolve) => {
      child.on("exit", (status, signal) => {
        children.delete(child);
        resolve(signal ?? status);
      });
    });
  }

  /** Dies at once, and comes back some time later. */
  async die() {
    this.deaths++;
    this.isAway = true;
    this.child.kill("SIGKILL");
    await this.ended;
    await sleep(AWAY_MS[0] + random(AWAY_MS[1] - AWAY_MS[0]));
    this.up();
    this.isAway = false;
  }

  /** Resident memory in MB. */
  memory() {
    const pages = Number(readFileSync(`/proc/${this.child.pid}/statm`, "latin1").split(" ")[1]);
    return (pages * 4096) / 1e6;
  }
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const faults = [];
const sent = { files: new Map(), messages: new Map(), bytes: 0, times: [] };
let jobs = 0;

function blame(text) {
  faults.push(text);
  console.log(`FAULT ${text}`);
}

/** One job of `from`: a file, or a message, to `to`; both are remembered with what has to be there. */
async function job(from, to) {
  const number = jobs++;
  const began = Date.now();
  let words;
  if (random(4) === 0) {
    const text = `message ${number} ` + "x".repeat(random(900));
    sent.messages.set(text, to);
    words = ["--message", text];
  } else {
    const size = Math.floor(SIZE_MIN * (SIZE_MAX / SIZE_MIN) ** (random(1000) / 1000));
    const bytes = randomFillSync(Buffer.alloc(size));
    const path = join(folder, `file-${number}`);
    writeFileSync(path, bytes);
    sent.files.set(`file-${number}`, { to, hash: digest(bytes), path });
    sent.bytes += size;
    words = [path];
  }
  const ended = from.start("send", to.address, ...words, "--as", "me", "--json", "--timeout", "60");
  const late = sleep(JOB_MS).then(() => ({ status: "stuck", said: "" }));
  const { status, said } = await Promise.race([ended, late]);
  sent.times.push(Date.now() - began);
  if (status !== 0) {
    blame(`job ${number} from ${from.name} to ${to.name} at ${Math.round((began - start) / 1000)} s: ` +
      `${status} ${said.trim().slice(0, 300)}`);
  }
}

let start = Date.now();
const isOver = () => Date.now() - start > seconds * 1000;

async function worker(ends, from) {
  while (!isOver() && faults.length < 10) {
    const others = ends.filter((end) => end !== from);
    await job(from, others[random(others.length)]);
    await sleep(random(1500));
  }
}

/** Kills as often as is wanted, at exponential distances. */
async function killer(victims) {
  while (!isOver()) {
    const gap = -Math.log((random(9999) + 1) / 10000) * (3600e3 / deathsPerHour);
    await sleep(Math.min(gap, Math.max(0, start + seconds * 1000 - Date.now())));
    const alive = victims.filter(({ isAway }) => !isAway);
    if (!isOver() && alive.length > victims.length / 2) {
      alive[random(alive.length)].die().catch((error) => blame(error.message));
    }
  }
}

/** Watches the memory of those that live, and that nobody ends by himself. */
async function watcher(nodes) {
  const samples = [];
  while (!isOver()) {
    for (const node of nodes.filter(({ isAway }) => !isAway)) {
      if (node.child.exitCode !== null || node.child.signalCode !== null) {
        blame(`node ${node.name} ended by itself: ${node.child.exitCode ?? node.child.signalCode}`);
        node.isAway = true;
      }
    }
    const old = nodes.filter(({ deaths, isAway }) => deaths === 0 && !isAway);
    const sizes = old.map((node) => node.memory()).sort((a, b) => a - b);
    samples.push({ median: sizes[sizes.length >> 1], most: sizes.at(-1) });
    await sleep(1000);
  }
  return samples;
}

/** Everything that was sent has to be in the inboxes, once. */
function check(ends) {
  for (const end of ends) {
    const { entries } = JSON.parse(end.run("inbox", "list", "--json"));
    const files = entries.filter(({ kind }) => kind === "file");
    const texts = entries.filter(({ kind }) => kind === "message").map(({ id }) => end.run("inbox", "show", id));
    for (const [name, { to, hash }] of sent.files) {
      const here = to === end ? files.filter((entry) => entry.name === name) : [];
      if (to === end && here.length !== 1) {
        blame(`${name} is ${here.length} times in the inbox of ${end.name}`);
        continue;
      }
      for (const { id } of here) {
        const place = join(folder, `saved-${end.name}-${name}`);
        end.run("inbox", "save", id, place);
        if (digest(readFileSync(place)) !== hash) {
          blame(`${name} is not what was sent`);
        }
        rmSync(place);
      }
    }
    for (const [text, to] of sent.messages) {
      const times = texts.filter((one) => one.includes(text)).length;
      if (to === end && times !== 1) {
        blame(`'${text.slice(0, 14)}' is ${times} times in the inbox of ${end.name}`);
      }
    }
  }
}

async function joinAll(nodes) {
  nodes[0].up();
  await until("the first start", 10000, () => {
    invitation = nodes[0].run("invite").trim().split("\n")[0];
    return invitation !== "";
  });
  nodes.slice(1).forEach((node) => node.up());
  await until("joining", JOIN_MS, async () => {
    const all = await Promise.all(nodes.map((node) => node.ask("status")));
    return all.every(({ network }) => network.relays_here === count && network.circuits_ready_ahead > 0);
  });
}

async function main() {
  const nodes = Array.from({ length: count }, (_, number) => new Node(number));
  nodes.forEach(({ state }) => mkdirSync(state, { mode: 0o700 }));
  await joinAll(nodes);
  const ends = nodes.slice(1, 1 + ENDS);
  ends.forEach((end) => end.identify());
  // What a contact sends waits for no decision.
  for (const end of ends) {
    ends.forEach((other) => other !== end && end.run("contacts", "add", `end${other.name}`, other.address));
  }
  await until("publishing", JOIN_MS, async () => {
    const all = await Promise.all(ends.map((end) => end.ask("status")));
    return all.every(({ identities }) => identities.reachable === 1);
  });
  start = Date.now();
  const [samples] = await Promise.all([
    watcher(nodes),
    killer(nodes.slice(1 + ENDS)),
    ...ends.flatMap((end) => Array.from({ length: WORKERS }, () => worker(ends, end))),
  ]);
  check(ends);
  report(nodes, samples);
}

function report(nodes, samples) {
  const deaths = nodes.reduce((sum, node) => sum + node.deaths, 0);
  const times = sent.times.sort((a, b) => a - b);
  const at = (share) => (times[Math.min(times.length - 1, Math.floor(times.length * share))] / 1000).toFixed(1);
  const middle = samples.slice(samples.length >> 2, samples.length >> 1);
  const last = samples.slice(-(samples.length >> 2));
  const mean = (list) => list.reduce((sum, { median }) => sum + median, 0) / list.length;
  const growth = mean(last) / mean(middle);
  console.log(`${count} nodes for ${seconds} s, ${deaths} deaths, seed ${seed}`);
  console.log(`${sent.files.size} files of ${(sent.bytes / 1e6).toFixed(0)} MB and ${sent.messages.size} messages, ` +
    `each in ${at(0.5)} s at p50, ${at(0.95)} at p95, ${at(1)} at most`);
  console.log(`memory of those that lived: median ${mean(middle).toFixed(1)} MB, later ${mean(last).toFixed(1)} MB, ` +
    `at most ${Math.max(...samples.map(({ most }) => most)).toFixed(1)} MB`);
  if (seconds >= LONG_S && growth > GROWTH_MAX) {
    blame(`memory grows: ${growth.toFixed(2)} times in the second half`);
  }
  console.log(faults.length === 0 ? "everything arrived, once" : `${faults.length} faults; seed ${seed}`);
}

async function end() {
  const ending = [...children];
  ending.forEach((child) => child.kill("SIGTERM"));
  await sleep(ending.length > 0 ? 3000 : 0);
  children.forEach((child) => child.kill("SIGKILL"));
}

process.on("SIGTERM", () => end().then(() => process.exit(143)));
process.on("SIGINT", () => end().then(() => process.exit(130)));
await main().catch((error) => blame(error.message));
await end();
process.exit(faults.length === 0 ? 0 : 1);
