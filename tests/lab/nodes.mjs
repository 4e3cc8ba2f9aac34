// Asks the daemons of tests/lab/nodes over their control sockets: nodes.mjs FOLDER ROUNDS.
import { createConnection } from "node:net";
import { createInterface } from "node:readline";

const KINDS = ["full", "addr", "port", "sym"];
const IMPOSSIBLE = new Set(["port-sym", "sym-port", "sym-sym"]);
const PUBLICS = ["p1", "p2", "p3", "p4"];
const DIRECT_MS = Number(process.env.DIRECT_MS ?? 1000);
const RELAYED_MS = Number(process.env.RELAYED_MS ?? 2000);
const JOIN_S = Number(process.env.JOIN_S ?? 60);
const MESSAGES = 1000; // of each circuit, one every 2 ms: they go on long after the move
const EVERY_US = 2000;

const [folder, rounds] = process.argv.slice(2);
const began = Date.now();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A daemon. */
class Daemon {
  constructor(name) {
    this.name = name;
    this.waiting = [];
    this.socket = createConnection(`${folder}/${name}.socket`);
    this.socket.on("error", (error) => this.waiting.shift()?.reject(error));
    createInterface({ input: this.socket }).on("line", (line) => {
      this.waiting.shift()?.resolve(JSON.parse(line));
    });
  }

  ask(what, fields = {}) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(JSON.stringify({ do: what, ...fields }) + "\n");
    });
  }

  async must(what, fields) {
    const answer = await this.ask(what, fields);
    if (!answer.ok) {
      throw new Error(`${this.name}: ${what}: ${answer.reason}`);
    }
    return answer;
  }

  /** Asks till the answer is as it should be; the last one if it does not become so. */
  async until(what, isGood, ms, every = 20) {
    const end = Date.now() + ms;
    for (;;) {
      const answer = await this.must(what);
      if (isGood(answer) || Date.now() > end) {
        return answer;
      }
      await sleep(every);
    }
  }
}

async function connect(name) {
  for (;;) {
    try {
      const daemon = new Daemon(name);
      daemon.id = (await daemon.must("id")).id;
      return daemon;
    } catch (error) {
      if (Date.now() - began > 10000) {
        throw error;
      }
      await sleep(50);
    }
  }
}

/** Waits until a node is in the index, knows all others, and can build circuits. */
async function join(daemon, count) {
  const isGood = ({ network }) =>
    network.published && network.relays_here >= count && network.guards_reached >= 1;
  const status = await daemon.until("status", isGood, JOIN_S * 1000, 100);
  daemon.joined_ms = Date.now() - began;
  if (!isGood(status)) {
    const { published, relays_here, guards_reached, receipts, neighbours } = status.network;
    const found = { published, relays_here, guards_reached, receipts, neighbours };
    console.log(`${daemon.name} has not joined: ${JSON.stringify(found)}`);
  }
  return isGood(status);
}

/** What kind of carrier a daemon's link to another one has. */
async function carrier(from, to) {
  const { links } = await from.must("status");
  return links.find((link) => link.up && link.peer === to.id)?.carrier ?? "none";
}

/** One pair: A opens a link to B, and messages go from `origin` over it, through one circuit. */
async function pair(origin, a, b, isPossible) {
  const asked = await a.ask("link", { node: b.id, fresh: true });
  if (!asked.ok) {
    return { link: { up_us: 0, direct_us: 0 }, probe: { count: 0, answered: 0 }, faults: [asked.reason] };
  }
  await origin.must("probe", { path: [a.id, b.id], count: MESSAGES, every_us: EVERY_US });
  const limit = isPossible ? 3 * DIRECT_MS : 2 * RELAYED_MS;
  const isThere = ({ link }) => (isPossible ? link.direct_us > 0 : link.up_us > 0);
  await a.until("linked", isThere, limit);
  const { probe } = await origin.until("probed", ({ probe }) => !probe.is_running, 30000, 50);
  const { link } = await a.must("linked");
  const faults = [];
  const ends = [await carrier(a, b), await carrier(b, a)];
  if (!link.relayed_first || !link.initiator) {
    faults.push("a link that A opened through an introducer");
  }
  if (link.up_us === 0 || link.up_us > RELAYED_MS * 1000) {
    faults.push(`up within ${RELAYED_MS} ms`);
  }
  if (isPossible && (link.direct_us === 0 || link.direct_us > DIRECT_MS * 1000)) {
    faults.push(`direct within ${DIRECT_MS} ms`);
  }
  if (ends.some((end) => end !== (isPossible ? "webrtc" : "relayed"))) {
    faults.push(`a ${isPossible ? "direct" : "relayed"} link, not ${ends.join(" and ")}`);
  }
  if (probe.answered !== MESSAGES || probe.broken !== 0 || link.downs !== 0) {
    faults.push("every message back, over one link");
  }
  return { link, probe, faults };
}

const ms = (us) => (us === 0 ? "-" : (us / 1000).toFixed(0));

async function main() {
  const names = [...PUBLICS, ...["a", "b"].flatMap((side) => KINDS.map((kind) => `${side}-${kind}`))];
  const all = Object.fromEntries(
    (await Promise.all(names.map(connect))).map((daemon) => [daemon.name, daemon]),
  );
  const whole = await Promise.all(Object.values(all).map((daemon) => join(daemon, names.length)));
  if (whole.includes(false)) {
    process.exit(1);
  }
  const joined = names.map((name) => all[name].joined_ms);
  console.log(`${names.length} nodes, all in the index after ${Math.max(...joined)} ms`);
  let failed = 0;
  let again = 0;
  const worst = { direct: 0, relayed: 0 };
  let messages = 0;
  for (let round = 0; round < rounds; round++) {
    const results = {};
    // Four pairs at a time, no node in two of them.
    for (let shift = 0; shift < KINDS.length; shift++) {
      await Promise.all(
        KINDS.map(async (kind, index) => {
          const other = KINDS[(index + shift) % KINDS.length];
          const name = `${kind}-${other}`;
          const isPossible = !IMPOSSIBLE.has(name);
          results[name] = await pair(
            all[PUBLICS[index]],
            all[`a-${kind}`],
            all[`b-${other}`],
            isPossible,
          );
        }),
      );
    }
    for (const name of Object.keys(results)) {
      const [kind, other] = name.split("-");
      const isPossible = !IMPOSSIBLE.has(name);
      const ends = [all.p1, all[`a-${kind}`], all[`b-${other}`], isPossible];
      // The machine may have been busy: twice more, alone, and the note says so.
      for (let more = 0; more < 2 && results[name].faults.length > 0; more++) {
        again++;
        console.log(`${name}: wanted ${results[name].faults.join(", ")}; again`);
        console.log(`    ${JSON.stringify(results[name].link)}`);
        results[name] = await pair(...ends);
      }
      const { link, probe } = results[name];
      const key = isPossible ? "direct" : "relayed";
      const us = isPossible ? link.direct_us : link.up_us;
      worst[key] = Math.max(worst[key], us / 1000);
      messages += probe.answered;
    }
    console.log(`\n${"A \\ B".padEnd(8)}${KINDS.map((kind) => kind.padEnd(24)).join("")}`);
    for (const kind of KINDS) {
      const cells = KINDS.map((other) => {
        const { link, probe, faults } = results[`${kind}-${other}`];
        const lost = probe.count - probe.answered;
        const text = `up ${ms(link.up_us)} direct ${ms(link.direct_us)}`;
        return (text + (lost ? ` lost ${lost}` : "") + (faults.length ? " !" : "")).padEnd(24);
      });
      console.log(kind.padEnd(8) + cells.join(""));
    }
    for (const [name, { link, probe, faults }] of Object.entries(results)) {
      if (faults.length > 0) {
        failed++;
        console.log(`${name}: wanted ${faults.join(", ")}`);
        console.log(`    ${JSON.stringify(link)} ${JSON.stringify(probe)}`);
      }
    }
  }
  console.log(
    `note: ${16 * rounds} pairs of nodes behind NATs, ${failed} not as they should be, ` +
      `${again} tried again, direct ` +
      `within ${worst.direct.toFixed(0)} ms, relayed within ${worst.relayed.toFixed(0)} ms, ` +
      `${messages} messages over them, joined in ${Math.max(...joined)} ms`,
  );
  process.exit(failed === 0 ? 0 : 1);
}

main().catch((error) => {
  console.log(error.message);
  process.exit(1);
});
