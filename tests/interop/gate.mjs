// Runs all flows of one peer against the program under test:
//
//   gate.mjs PEER MODE SERVER-NAMESPACE COMMAND PROFILE-FOLDER
//
// MODE is `all`, or `tcp` (UDP is blocked). Prints a line for each flow: PEER, FLOW, ok or FAILED or
// -, and a note, with tabs between them.
import { browsers, startBrowser } from "./browsers.mjs";
import { Server } from "./server.mjs";
import { Side } from "./side.mjs";
import { loadStack } from "./stacks.mjs";

const [peer, mode, namespace, command, profile] = process.argv.slice(2);
const isBrowser = peer in browsers;
const OPEN_MS = 10000; // after which it does not work at all, however busy the machine is
const TCP_OPEN_MS = 3000;
const TRIES = 3; // of what has to be done in a certain time
const ECHO_MS = 40000; // each part of the plan
const DIALS = Number(process.env.DIALS ?? 100);

const binary = (size, count) => ({ kind: "binary", size, count });
const text = (size, count) => ({ kind: "text", size, count });
const PLAN = [
  binary(0, 1000),
  binary(1, 1000),
  binary(16384, 50),
  binary(262144, 8),
  text(0, 100),
  text(1000, 100),
  binary(1128, 1000),
];
const SHORT_PLAN = [binary(1, 3), binary(16384, 2)];

/** It sends nothing at all for an empty message, and says that it takes no more than 64 KiB. */
function forWerift({ kind, size, count }) {
  return size === 0 ? [] : [{ kind, size: Math.min(size, 65536), count }];
}

let isAllOk = true;
function report(flow, result, note) {
  isAllOk &&= result !== "FAILED";
  console.log([peer, flow, result, String(note).split("\n")[0]].join("\t"));
}

const ms = (value) => `${Math.round(value)} ms`;

process.on("uncaughtException", (error) => {
  report(mode, "FAILED", error.message);
  process.exit(1);
});

const driver = isBrowser
  ? await startBrowser(peer, profile)
  : {
      faults: [],
      connection: await loadStack(peer),
      async makeSide() {
        return new Side(this.connection);
      },
      async stop() {},
    };
const server = await Server.start(namespace, command);

/** Runs a flow with a side of its own. */
async function flow(name, run) {
  let side;
  try {
    side = await driver.makeSide();
    report(name, "ok", await run(side));
  } catch (error) {
    report(name, "FAILED", error.message);
  }
  await Promise.resolve(side?.close()).catch(() => {});
}

async function echoed(side, opened, plan = PLAN) {
  const took = await side.echo(peer === "werift" ? plan.flatMap(forWerift) : plan, ECHO_MS);
  return `${ms(opened)}, echo ${ms(took)}`;
}

const flows = {
  async dial(side) {
    await side.dial(server.address);
    return echoed(side, await side.waitOpen(OPEN_MS));
  },
  async negotiated(side) {
    await side.dial(server.address, { isNegotiated: true });
    return echoed(side, await side.waitOpen(OPEN_MS));
  },
  // The peer offers, the program under test answers. werift numbers its channels by who controls ICE
  // where RFC 8832 says by who is the client of DTLS, so those that it opens in band are refused.
  async offer(side) {
    const offer = await side.makeOffer({ isNegotiated: peer === "werift" });
    const [{ answer }] = await server.ask({ offer });
    await side.takeAnswer(answer);
    return echoed(side, await side.waitOpen(OPEN_MS));
  },
  // The program under test offers, with a channel of its own.
  async answer(side) {
    const [{ offer }, id] = await server.ask({ make_offer: true });
    server.say({ id, answer: await side.takeOffer(offer) });
    return echoed(side, await side.waitOpen(OPEN_MS));
  },
};

/** That it must not open: nothing within a second, or a failure. */
async function refused(name, changes) {
  const side = await driver.makeSide();
  await side.dial(server.address, { changes });
  const result = await side.waitOpen(1000).then(
    () => ["FAILED", "it opened"],
    () => ["ok", "refused"],
  );
  report(name, ...result);
  await Promise.resolve(side.close()).catch(() => {});
}

async function manyDials() {
  const times = [];
  for (let i = 0; i < DIALS; i++) {
    const side = await driver.makeSide();
    try {
      await side.dial(server.address);
      times.push(await side.waitOpen(OPEN_MS));
      await side.echo([binary(1, 1)], ECHO_MS);
    } catch (error) {
      report(`${DIALS} dials`, "FAILED", `dial ${i + 1}: ${error.message}`);
      return;
    } finally {
      await Promise.resolve(side.close()).catch(() => {});
    }
  }
  times.sort((a, b) => a - b);
  const at = (part) => ms(times[Math.min(times.length - 1, Math.floor(times.length * part))]);
  report(`${DIALS} dials`, "ok", `median ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}`);
}

/** Dials over TCP. A busy machine may be too slow once, but not each time. */
async function tcp() {
  const times = [];
  await flow("tcp", async (side) => {
    await side.dial(server.address);
    times.push(await side.waitOpen(OPEN_MS));
    const note = await echoed(side, times[0], SHORT_PLAN);
    while (times.at(-1) > TCP_OPEN_MS) {
      if (times.length === TRIES) {
        throw new Error(`open after ${times.map(ms).join(", ")}`);
      }
      const next = await driver.makeSide();
      await next.dial(server.address);
      times.push(await next.waitOpen(OPEN_MS).finally(() => next.close()));
    }
    return times.length === 1 ? note : `${note}, then ${ms(times.at(-1))}`;
  });
}

if (mode === "tcp") {
  await tcp();
} else {
  for (const [name, run] of Object.entries(flows)) {
    // werift cannot open a channel in band before it has heard of the other side.
    if (name === "dial" && peer === "werift") {
      report(name, "-", "it cannot, but for negotiated channels");
    } else {
      await flow(name, run);
    }
  }
  const wrong = server.address.certificate.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
  await refused("wrong password", { password: "x".repeat(24) });
  await refused("wrong certificate", { certificate: wrong });
  if (isBrowser) {
    await manyDials();
  }
}
const how = await server.stop();
report("end", how === "the server ended (0)" ? "ok" : "FAILED", how);
for (const fault of driver.faults) {
  report("page", "FAILED", fault);
}
await driver.stop();
process.exit(isAllOk ? 0 : 1);
