// Measures a private Tor network on loopback; bench/tor/run says how it is called.
import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { cpus, loadavg } from "node:os";
import { Network, ONION_PORT, sleep, until } from "./network.mjs";
import { Server, Stream } from "./streams.mjs";

const RUNS = Number(process.env.RUNS ?? 3);
const SECONDS = Number(process.env.SECONDS_EACH ?? 3);
const KILLS = Number(process.env.KILLS ?? 10);
const WARM_UP_MS = 1000;
const DRAIN_MS = 500; // for what is under way when a run ends
const FORGET_MS = 11000; // tor does so every ten seconds only
const SETUPS = 20;
const REQUESTS = 20;
const MEETINGS = 8;
const COLD = 3;
const AT_ONCE = 8;
const OPEN_S = 60;
const SMALL = 1024;
const KILL_BYTES = 16e6;
const KILL_S = 60;
const ATTEMPT_S = 5; // for one request after a kill
const REST_MS = 100; // between requests
const REVIVAL_MS = 2000; // of a relay that was killed
const ENDLESS = `get ${Number.MAX_SAFE_INTEGER}\n`;
const SCHEDULERS = { default: [], vanilla: ["Schedulers Vanilla"] };

let streamsSoFar = 0;
const stranger = () => `nobody${streamsSoFar++}`;
const since = (begin) => performance.now() - begin;
const startedAt = performance.now();

/** Says on standard error how far it is, if somebody looks. */
function note(what) {
  if (process.stderr.isTTY || process.env.VERBOSE) {
    console.error(`${(since(startedAt) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  }
}

/** What is asked of one network; everything that is measured is a list of numbers. */
class Bench {
  #circuitOfPort = new Map(); // 0: tor chooses
  #circuits = new Map(); // what was last heard of each, by number
  #onCircuit = () => {};

  constructor(network, server) {
    this.network = network;
    this.server = server;
    this.exit = { host: "127.0.0.1", port: server.port };
    this.service = { host: network.onionAddress, port: ONION_PORT };
  }

  /** From here on, streams go where we say, and tor chooses for the others. */
  async begin() {
    const { client } = this.network;
    client.on("STREAM", ([id, status, , ...rest]) => {
      if (status === "NEW" || status === "DETACHED") {
        const port = /SOURCE_ADDR=127\.0\.0\.1:(\d+)/.exec(rest.join(" "))?.[1];
        const circuit = this.#circuitOfPort.get(Number(port)) ?? 0;
        client.ask(`ATTACHSTREAM ${id} ${circuit}`).catch(() => {});
      }
    });
    client.on("CIRC", ([id, status]) => {
      this.#circuits.set(id, status);
      this.#onCircuit();
    });
    await client.ask("SETEVENTS CIRC STREAM");
    await client.ask("SETCONF __LeaveStreamsUnattached=1");
  }

  /** A circuit over these relays, and the ms that it took. */
  async circuit(path) {
    const began = performance.now();
    const [answer] = await this.network.client.ask(`EXTENDCIRCUIT 0 ${path.join(",")}`);
    const id = answer.split(" ")[1];
    const status = await new Promise((resolve) => {
      this.#onCircuit = () => {
        const now = this.#circuits.get(id);
        if (now === "BUILT" || now === "FAILED" || now === "CLOSED") {
          resolve(now);
        }
      };
      this.#onCircuit();
    });
    this.#onCircuit = () => {};
    if (status !== "BUILT") {
      throw new Error(`circuit ${id}: ${status}`);
    }
    return { id, ms: since(began) };
  }

  close(circuit) {
    return this.network.client.ask(`CLOSECIRCUIT ${circuit.id}`);
  }

  /** A stream to the server at an exit; over a circuit of ours, or whichever tor takes. */
  toExit(request, circuit, isEager = false, seconds = OPEN_S) {
    return this.#open({
      seconds,
      target: this.exit,
      who: circuit ? "ours" : stranger(),
      request,
      isEager,
      circuit,
    });
  }

  /** A stream to the onion service; those with the same name share a meeting. */
  toService(request, who = stranger()) {
    return this.#open({ target: this.service, who, request });
  }

  #open(wish) {
    return Stream.open({
      socksPort: this.network.socksPort,
      seconds: OPEN_S,
      onPort: (port) => this.#circuitOfPort.set(port, wish.circuit?.id ?? 0),
      ...wish,
    });
  }

  /** Three relays in any order, the first of them as given, if it is. */
  path(first) {
    const left = this.network.relays().filter((relay) => relay !== first);
    const path = first ? [first] : [];
    while (path.length < 3) {
      path.push(...left.splice(randomInt(left.length), 1));
    }
    return path;
  }

  /** The relay that the client's own circuits begin with. */
  async guard() {
    const status = await this.network.client.info("circuit-status");
    const paths = status.split("\n").filter((line) => /PURPOSE=(GENERAL|CONFLUX_LINKED)/.test(line));
    return /\$([0-9A-F]{40})/.exec(paths.find((line) => /^\d+ BUILT/.test(line)) ?? "")?.[1];
  }
}

/**
 * Waits for the first byte and gives the ms from asking to it. The circuit is quiet again afterwards:
 * right behind the end of another stream, requests were seen to take many times as long.
 */
async function firstByte(opening, seconds = OPEN_S) {
  const stream = await opening;
  if (!(await stream.waitFor(seconds, () => stream.firstByteAt !== undefined))) {
    stream.close();
    throw new Error(`no byte within ${seconds} s`);
  }
  stream.close();
  await sleep(REST_MS);
  return stream.firstByteAt - stream.began;
}

/** Counts for a while what streams carry; adds MB/s, and CPU s/GB of all processes. */
async function throughput(bench, ret, streams, isUpload) {
  const carried = () =>
    isUpload ? bench.server.swallowed : streams.reduce((sum, stream) => sum + stream.bytes, 0);
  streams.forEach((stream) => isUpload && stream.pour());
  await sleep(WARM_UP_MS);
  const began = performance.now();
  const bytes = carried();
  const cpu = bench.network.cpu();
  await sleep(SECONDS * 1000);
  const moved = carried() - bytes;
  if (moved === 0) {
    throw new Error("nothing was carried");
  }
  ret.mb_s.push(moved / 1000 / since(began));
  ret.cpu_s_gb.push(((bench.network.cpu() - cpu) / moved) * 1e9);
  streams.forEach((stream) => stream.close());
  await sleep(DRAIN_MS);
}

/** The same as often as RUNS says, each time on what `open` gives: streams that are opening. */
async function throughputs(bench, open, isUpload = false) {
  const ret = { mb_s: [], cpu_s_gb: [] };
  for (let i = 0; i < RUNS; i++) {
    const streams = await Promise.all(await open());
    await throughput(bench, ret, streams, isUpload);
  }
  return ret;
}

const times = (count, open) => Array.from({ length: count }, open);

/** Ordinary circuits: how long they and requests take. */
async function measureDelays(bench) {
  const ret = { setup_ms: [], first_byte_ms: [], first_byte_ahead_ms: [] };
  const request = `get ${SMALL}\n`;
  for (let i = 0; i < SETUPS; i++) {
    const circuit = await bench.circuit(bench.path());
    ret.setup_ms.push(circuit.ms);
    await bench.close(circuit);
    await sleep(REST_MS);
  }
  const circuit = await bench.circuit(bench.path());
  for (let i = 0; i < REQUESTS; i++) {
    ret.first_byte_ms.push(await firstByte(bench.toExit(request, circuit)));
    ret.first_byte_ahead_ms.push(await firstByte(bench.toExit(request, circuit, true)));
  }
  return ret;
}

/** Ordinary circuits: what they carry. Each run has new ones. */
async function measureCircuits(bench) {
  const circuit = () => bench.circuit(bench.path());
  const on = (count, request) => async () => {
    const shared = await circuit();
    return times(count, () => bench.toExit(request, shared));
  };
  const several = async () => {
    const each = [];
    for (let i = 0; i < AT_ONCE; i++) {
      each.push(await circuit());
    }
    return each.map((own) => bench.toExit(ENDLESS, own));
  };
  return {
    ...(await measureDelays(bench)),
    download: await throughputs(bench, on(1, ENDLESS)),
    upload: await throughputs(bench, on(1, "put\n"), true),
    download_8: await throughputs(bench, on(AT_ONCE, ENDLESS)),
    download_8_circuits: await throughputs(bench, several),
    download_own_choice: await throughputs(bench, () => [bench.toExit(ENDLESS)]),
  };
}

/** The onion service. */
async function measureService(bench) {
  const small = `get ${SMALL}\n`;
  const { client } = bench.network;
  const ret = { first_byte_cold_ms: [], first_byte_new_ms: [], first_byte_ready_ms: [] };
  for (let i = 0; i < COLD; i++) {
    if (i > 0) {
      await sleep(FORGET_MS);
      await client.ask("SIGNAL NEWNYM"); // forgets descriptors, and leaves circuits
    }
    ret.first_byte_cold_ms.push(await firstByte(bench.toService(small)));
  }
  for (let i = 0; i < MEETINGS; i++) {
    ret.first_byte_new_ms.push(await firstByte(bench.toService(small)));
  }
  await firstByte(bench.toService(small, "friend"));
  for (let i = 0; i < REQUESTS; i++) {
    ret.first_byte_ready_ms.push(await firstByte(bench.toService(small, "friend")));
  }
  ret.download = await throughputs(bench, () => [bench.toService(ENDLESS)]);
  ret.download_8 = await throughputs(bench, () => {
    const who = stranger();
    return times(AT_ONCE, () => bench.toService(ENDLESS, who));
  });
  ret.download_8_meetings = await throughputs(bench, () =>
    times(AT_ONCE, () => bench.toService(ENDLESS)),
  );
  return ret;
}

/** What `attempt` gives, as soon as it does not throw. */
function untilItWorks(what, attempt) {
  return until(what, KILL_S, () => attempt().catch(() => null), 0);
}

/** Kills the relay of that hop when half of a download has come. */
async function killOnce(bench, hop) {
  const { path, circuit } = await untilItWorks("a circuit", async () => {
    const drawn = bench.path(await bench.guard());
    return { path: drawn, circuit: await bench.circuit(drawn) };
  });
  const stream = await bench.toExit(`get ${KILL_BYTES}\n`, circuit);
  if (!(await stream.waitFor(KILL_S, () => stream.bytes >= KILL_BYTES / 2))) {
    throw new Error("the download broke before anything was killed");
  }
  const killedAt = performance.now();
  bench.network.kill(path[hop]);
  const isWhole = await stream.waitFor(KILL_S, () => stream.bytes >= KILL_BYTES);
  const outcome = isWhole ? "whole" : stream.isClosed ? "broken" : "stands still";
  const endMs = since(killedAt);
  stream.close();
  const againMs = await untilItWorks("a request after the kill", async () => {
    await firstByte(bench.toExit(`get ${SMALL}\n`, null, false, ATTEMPT_S), ATTEMPT_S);
    return since(killedAt) - REST_MS;
  });
  await bench.network.revive(path[hop]);
  await sleep(REVIVAL_MS);
  return { hop: hop + 1, outcome, bytes: stream.bytes, end_ms: endMs, again_ms: againMs };
}

async function measureKills(bench) {
  const ret = [];
  for (let i = 0; i < KILLS; i++) {
    ret.push(await killOnce(bench, i % 3));
  }
  return ret;
}

/** Everything about one network. */
async function measure(scheduler, server, ret_running) {
  const network = new Network(SCHEDULERS[scheduler], server.port);
  ret_running.network = network;
  try {
    await network.start();
    const bench = new Bench(network, server);
    await bench.begin();
    note(`scheduler ${scheduler}: the network is up`);
    const load = loadavg()[0];
    const circuit = await measureCircuits(bench);
    note("circuits are measured");
    const onion = await measureService(bench);
    note("the onion service is measured");
    const kills = await measureKills(bench);
    note(`${KILLS} relays were killed`);
    return { load, processes: network.processes(), circuit, onion, kills };
  } finally {
    await network.stop();
  }
}

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

function median(numbers) {
  return sorted(numbers)[Math.floor((numbers.length - 1) / 2)];
}

/** "median (least to greatest)". */
function spread(numbers) {
  const ordered = sorted(numbers);
  const digits = median(ordered) < 10 ? 1 : 0;
  const word = (number) => number.toFixed(digits);
  return `${word(median(ordered))} (${word(ordered[0])} to ${word(ordered.at(-1))})`;
}

function killWord(kills) {
  const broken = kills.filter(({ outcome }) => outcome !== "whole");
  return `${broken.length} of ${kills.length}`;
}

/** The lines of the table: what it is called, and how it is read from a result. */
function rows() {
  const both = (name, find) => [
    [`${name}, MB/s`, (result) => spread(find(result).mb_s)],
    ["  CPU s/GB of all processes", (result) => spread(find(result).cpu_s_gb)],
  ];
  return [
    ["3 relays, to a server at the exit"],
    ["circuit, ms till it stands", ({ circuit }) => spread(circuit.setup_ms)],
    ["1 KiB on it, ms to first byte", ({ circuit }) => spread(circuit.first_byte_ms)],
    ["  request sent ahead", ({ circuit }) => spread(circuit.first_byte_ahead_ms)],
    ...both("one download", ({ circuit }) => circuit.download),
    ...both("one upload", ({ circuit }) => circuit.upload),
    ...both("8 downloads, one circuit", ({ circuit }) => circuit.download_8),
    ...both("8 downloads, a circuit each", ({ circuit }) => circuit.download_8_circuits),
    ...both("one download, tor's own choice", ({ circuit }) => circuit.download_own_choice),
    ["onion service, 6 relays"],
    ["1 KiB, ms to first byte: ready", ({ onion }) => spread(onion.first_byte_ready_ms)],
    ["  with a new meeting", ({ onion }) => spread(onion.first_byte_new_ms)],
    ["  descriptor not known", ({ onion }) => spread(onion.first_byte_cold_ms)],
    ...both("one download", ({ onion }) => onion.download),
    ...both("8 downloads, one meeting", ({ onion }) => onion.download_8),
    ...both("8 downloads, a meeting each", ({ onion }) => onion.download_8_meetings),
    ["a relay killed at half of a download (3 relays)"],
    ["downloads that broke", ({ kills }) => killWord(kills)],
    ["  ms from the kill to the end", ({ kills }) => spread(kills.map((kill) => kill.end_ms))],
    ["  ms till a new request works", ({ kills }) => spread(kills.map((kill) => kill.again_ms))],
  ];
}

function printTable(about, results) {
  const names = Object.keys(results);
  const line = (first, cells) =>
    console.log(`${first.padEnd(34)}${cells.map((cell) => ` ${cell.padStart(22)}`).join("")}`);
  const loads = names.map((name) => results[name].load.toFixed(1)).join(", ");
  console.log(
    `${about.tor}, ${results[names[0]].processes} processes on loopback, ${about.cores} cores, ` +
      `load ${loads};\nmedian (least to greatest) of ${RUNS} runs of ${SECONDS} s, ` +
      `${SETUPS} circuits, ${REQUESTS} requests`,
  );
  line("scheduler", names);
  for (const [name, read] of rows()) {
    if (read) {
      line(`  ${name}`, names.map((scheduler) => read(results[scheduler])));
    } else {
      console.log(name);
    }
  }
}

async function main(words) {
  const isJson = words.includes("--json");
  const names = words.filter((word) => word !== "--json");
  const unknown = names.find((name) => !(name in SCHEDULERS));
  if (unknown !== undefined || [RUNS, SECONDS, KILLS].some((number) => !(number >= 1))) {
    console.error(`bench/tor/run: ${unknown ?? "RUNS, SECONDS_EACH, KILLS"}: not understood`);
    return 2;
  }
  const running = {};
  const server = new Server();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, async () => {
      await running.network?.stop();
      process.exit(1);
    });
  }
  const version = execFileSync("tor", ["--version"], { encoding: "utf8" });
  const about = { tor: version.split("\n")[0].replace(/\.$/, ""), cores: cpus().length };
  const results = {};
  await server.start();
  for (const name of names.length > 0 ? names : Object.keys(SCHEDULERS)) {
    results[name] = await measure(name, server, running);
  }
  server.stop();
  if (isJson) {
    console.log(JSON.stringify({ ...about, runs: RUNS, seconds: SECONDS, results }, null, 2));
  } else {
    printTable(about, results);
  }
  return 0;
}

process.exit(
  await main(process.argv.slice(2)).catch((error) => {
    console.error(`bench/tor/run: ${error.message}`);
    return 1;
  }),
);
