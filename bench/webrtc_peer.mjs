// node-datachannel (libdatachannel) measured as bench_webrtc measures ours: two processes on loopback,
// the first one dials and sends, the second one accepts and counts; each has a core of its own.
//
//   webrtc_peer.mjs throughput BYTES SECONDS | dials COUNT | idle COUNT SECONDS
//
// Prints the same lines. Its own interface is used, without the one of browsers on top; what it costs
// to call JavaScript once for each message is a part of what is measured. Descriptions and candidates
// cross from process to process as soon as they are there.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { PeerConnection } = createRequire(new URL("../tests/interop/", import.meta.url))(
  "node-datachannel",
);

const WARM_UP_MS = 250;
const OPEN_MS = 15000;
const BUFFERED_MAX = 1 << 20;
const AT_ONCE = 20; // dials, where their time is not measured: each may take a second
const LOOPBACK = { iceServers: [], bindAddress: "127.0.0.1" };

const pin = (core) => spawnSync("taskset", ["-a", "-cp", String(core), String(process.pid)]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tell = (name, value) => console.log(`${name.padEnd(24)} ${value.toFixed(2)}`);

/** Makes one end of connection `id`; what the other end has to know goes through `say`. */
function makeEnd(id, say) {
  const end = new PeerConnection(`${id}`, LOOPBACK);
  end.onLocalDescription((sdp, type) => say({ id, sdp, type }));
  end.onLocalCandidate((candidate, mid) => say({ id, candidate, mid }));
  return end;
}

/** Gives an end what the other one said. */
function hear(end, { sdp, type, candidate, mid }) {
  if (sdp) {
    end.setRemoteDescription(sdp, type);
  } else {
    end.addRemoteCandidate(candidate, mid);
  }
}

/** Bytes that messages brought, the processor time of the process, and its own memory. */
function report(bytes) {
  const { user, system } = process.cpuUsage();
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  const memoryKib = Number(/^Private_Dirty:\s*(\d+)/m.exec(rollup)?.[1]);
  return { bytes, cpuMs: (user + system) / 1000, memoryKib };
}

function accept() {
  const ends = new Map();
  const channels = [];
  let bytes = 0;
  pin(0);
  process.on("message", (fact) => {
    if (fact.ask) {
      process.send({ report: report(bytes) });
      return;
    }
    if (fact.close) {
      ends.get(fact.id)?.close();
      ends.delete(fact.id);
      return;
    }
    if (!ends.has(fact.id)) {
      const end = makeEnd(fact.id, (said) => process.send(said));
      end.onDataChannel((channel) => {
        channels.push(channel); // which is closed if nobody holds it
        channel.onMessage((message) => {
          bytes += message.byteLength ?? message.length;
        });
      });
      ends.set(fact.id, end);
    }
    hear(ends.get(fact.id), fact);
  });
  process.on("disconnect", () => process.exit(0));
}

const ends = new Map();
let child;

async function ask() {
  child.send({ ask: true });
  for (;;) {
    const [fact] = await once(child, "message");
    if (fact.report) {
      return fact.report;
    }
  }
}

/** Opens connection `id` with a channel; gives [channel, milliseconds], or nothing if it failed. */
async function dial(id) {
  const began = performance.now();
  const end = makeEnd(id, (said) => child.send(said));
  ends.set(id, end);
  const channel = end.createDataChannel("bench", { unordered: true });
  const opened = new Promise((resolve) => channel.onOpen(() => resolve(performance.now() - began)));
  const late = sleep(OPEN_MS);
  const took = await Promise.race([opened, late]);
  return took === undefined ? undefined : [channel, took];
}

function close(id) {
  ends.get(id).close();
  ends.delete(id);
  child.send({ id, close: true });
}

/** Sends messages as fast as they are taken. */
async function sendFor(channel, message, ms) {
  const deadline = performance.now() + ms;
  let isLow = () => {};
  channel.setBufferedAmountLowThreshold(BUFFERED_MAX / 2);
  channel.onBufferedAmountLow(() => isLow());
  while (performance.now() < deadline) {
    const low = new Promise((resolve) => {
      isLow = resolve;
    });
    while (channel.bufferedAmount() < BUFFERED_MAX) {
      channel.sendMessageBinary(message);
    }
    await Promise.race([low, sleep(20)]);
  }
}

async function benchThroughput(size, seconds) {
  const [channel] = await dial(1);
  const message = new Uint8Array(size).fill(7);
  await sendFor(channel, message, WARM_UP_MS);
  const before = await ask();
  const own = report(0);
  const began = performance.now();
  await sendFor(channel, message, seconds * 1000);
  const after = await ask();
  const took = performance.now() - began;
  const bytes = after.bytes - before.bytes;
  const txMs = report(0).cpuMs - own.cpuMs;
  const rxMs = after.cpuMs - before.cpuMs;
  tell("mbit_s", (bytes * 8) / 1e3 / took);
  tell("tx_cores", txMs / took);
  tell("rx_cores", rxMs / took);
  tell("tx_ns_per_byte", (txMs * 1e6) / bytes);
  tell("rx_ns_per_byte", (rxMs * 1e6) / bytes);
}

async function benchDials(count) {
  const times = [];
  const before = await ask();
  const own = report(0);
  const began = performance.now();
  for (let id = 1; id <= count; id++) {
    const opened = await dial(id);
    if (opened) {
      times.push(opened[1]);
    }
    close(id);
    await sleep(1);
  }
  const tookS = (performance.now() - began) / 1000;
  const txS = (report(0).cpuMs - own.cpuMs) / 1000;
  const rxS = ((await ask()).cpuMs - before.cpuMs) / 1000;
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? NaN;
  tell("dials", count);
  tell("failed", count - times.length);
  tell("open_ms_median", at(0.5));
  tell("open_ms_p95", at(0.95));
  tell("open_ms_p99", at(0.99));
  tell("open_ms_max", at(1));
  tell("per_s_accepting_core", times.length / rxS);
  tell("per_s_dialling_core", times.length / txS);
  tell("per_s_one_by_one", times.length / tookS);
}

async function benchIdle(count, seconds) {
  const kept = [];
  const before = await ask();
  while (kept.length < count) {
    const size = Math.min(AT_ONCE, count - kept.length);
    const first = kept.length + 1;
    kept.push(...(await Promise.all(Array.from({ length: size }, (_, i) => dial(first + i)))));
  }
  if (kept.includes(undefined)) {
    throw new Error("a connection did not open");
  }
  await sleep(1000);
  const begin = await ask();
  await sleep(seconds * 1000);
  const after = await ask();
  tell("idle_kib", (after.memoryKib - before.memoryKib) / count);
  tell("idle_connections", count);
  tell("idle_percent_of_a_core", (after.cpuMs - begin.cpuMs) / (seconds * 10));
}

const parts = { throughput: benchThroughput, dials: benchDials, idle: benchIdle };

if (process.argv[2] === "accept") {
  accept();
} else {
  const [part, ...numbers] = process.argv.slice(2);
  child = fork(new URL(import.meta.url), ["accept"]);
  child.on("message", (fact) => {
    if (ends.has(fact.id)) {
      hear(ends.get(fact.id), fact);
    }
  });
  pin(1);
  await parts[part](...numbers.map(Number));
  process.exit(0);
}
