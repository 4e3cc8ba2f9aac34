// Searches the daemons of tests/lab/knowledge: knowledge.mjs FOLDER CEPA
// NODES MEGABYTES. It begins before the last of them is started, so that it sees all their links.
import { spawnSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, until } from "./daemons.mjs";

const [folder, cepa, count, megabytes] = process.argv.slice(2);
const JOIN_MS = 60000;
const SEND_MS = 120000;
const PIECE = 4 << 20;
const PAGE = Number(spawnSync("getconf", ["PAGESIZE"], { encoding: "utf8" }).stdout);
const SYMBOLS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"; // of Bech32

/** A daemon of the list, and all nodes that it ever had a link with. */
class Node extends Daemon {
  constructor(line) {
    const [name, role, ip, pid] = line.split(" ");
    super(cepa, folder, name);
    Object.assign(this, { role, ip, pid, linked: new Set() });
  }

  async look() {
    const status = await this.ask("status");
    this.id ??= status.id;
    for (const { peer } of status.links.filter(({ peer }) => !/^0*$/.test(peer))) {
      this.linked.add(peer);
    }
    return status;
  }
}

/** What both ends of a text in Bech32 hold, without prefix, version and checksum. */
function decode(text) {
  let bits = 0n;
  const symbols = text.slice("cepa1".length + 1, -6);
  for (const symbol of symbols) {
    bits = (bits << 5n) | BigInt(SYMBOLS.indexOf(symbol));
  }
  return Buffer.from((bits >> 1n).toString(16).padStart(96, "0"), "hex");
}

/** What to look for: a part of each way to write it, long enough to be nowhere by chance. */
function secretsOf(end) {
  const groups = end.ip.split(":");
  return {
    ip: [Buffer.from(groups.slice(2).join(""), "hex"), Buffer.from(groups.slice(2).join(":"))],
    identity: [decode(end.address).subarray(4, 28), Buffer.from(end.address.slice(20, 60))],
  };
}

/** Whether one of the needles is in what `read` gives, piece by piece. */
function scanner(needles) {
  const found = new Set();
  return {
    found,
    see(bytes) {
      for (const [label, forms] of needles) {
        if (!found.has(label) && forms.some((form) => bytes.includes(form))) {
          found.add(label);
        }
      }
    },
  };
}

const piece = Buffer.alloc(PIECE);

/** Reads from `from` to `to` of a file in pieces that overlap; what cannot be read is left out. */
function scanRange(fd, from, to, see) {
  for (let at = from; at < to; at += PIECE - 64) {
    let got = 0;
    try {
      got = readSync(fd, piece, 0, Math.min(PIECE, to - at), at);
    } catch {
      return 0; // a guard page, a device, or it is no longer there
    }
    see(piece.subarray(0, got));
  }
  return to - from;
}

/** The parts of a range of memory that were ever written to: what is in memory or swapped out. */
function touched(pages, from, to) {
  const parts = [];
  const entries = Buffer.alloc(((to - from) / PAGE) * 8);
  readSync(pages, entries, 0, entries.length, (from / PAGE) * 8);
  for (let i = 0; i * 8 < entries.length; i++) {
    if ((entries[i * 8 + 7] & 0xc0) === 0) {
      continue;
    }
    const at = from + i * PAGE;
    if (parts.length > 0 && parts.at(-1)[1] === at) {
      parts.at(-1)[1] = at + PAGE;
    } else {
      parts.push([at, at + PAGE]);
    }
  }
  return parts;
}

function scanMemory(pid, see) {
  const fd = openSync(`/proc/${pid}/mem`, "r");
  const pages = openSync(`/proc/${pid}/pagemap`, "r");
  let bytes = 0;
  for (const line of readFileSync(`/proc/${pid}/maps`, "latin1").split("\n")) {
    const [, from, to, access] = line.match(/^([0-9a-f]+)-([0-9a-f]+) (\S+)/) ?? [];
    if (from !== undefined && access.startsWith("rw")) {
      for (const [first, end] of touched(pages, parseInt(from, 16), parseInt(to, 16))) {
        bytes += scanRange(fd, first, end, see);
      }
    }
  }
  closeSync(pages);
  closeSync(fd);
  return bytes;
}

function scanFiles(path, see) {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) {
      bytes += scanFiles(inside, see);
    } else if (entry.isFile()) {
      const fd = openSync(inside, "r");
      bytes += scanRange(fd, 0, statSync(inside).size, see);
      closeSync(fd);
    }
  }
  return bytes;
}

/** Looks through every process and its files; adds what each has to what it had. */
function scanAll(nodes, needles) {
  let bytes = 0;
  for (const node of nodes) {
    const { found, see } = scanner(needles);
    bytes += scanMemory(node.pid, see) + scanFiles(node.state, see);
    const fd = openSync(`${node.state}.log`, "r");
    bytes += scanRange(fd, 0, statSync(`${node.state}.log`).size, see);
    closeSync(fd);
    node.has = new Set([...(node.has ?? []), ...found]);
  }
  return bytes;
}

const shared = (one, other) => [...one.linked].filter((id) => other.linked.has(id));

/** The two clients that have had links with the fewest relays in common, if possible with none: who is
 *  linked with both knows both addresses of course. */
function choosePair(clients) {
  const pairs = clients.flatMap((one, i) => clients.slice(i + 1).map((other) => [one, other]));
  return pairs.reduce((best, pair) => (shared(...pair).length < shared(...best).length ? pair : best));
}

/** Sends a file and searches at half of it and behind it. */
async function transfer(nodes, sender, receiver, needles) {
  const path = join(folder, "file");
  writeFileSync(path, randomFillSync(Buffer.alloc(Number(megabytes) << 20)));
  const sending = sender.start("send", receiver.address, path, "--as", "me");
  const inbox = join(receiver.state, "inbox");
  const half = (Number(megabytes) << 20) / 2;
  await until("half of the file", SEND_MS, async () => {
    await Promise.all([sender.look(), receiver.look()]);
    return readdirSync(inbox).some((name) => statSync(join(inbox, name)).size >= half);
  });
  const during = scanAll(nodes, needles);
  const { status, said } = await sending;
  if (status !== 0) {
    throw new Error(`cepa send ended with ${status}: ${said}`);
  }
  await Promise.all([sender.look(), receiver.look()]);
  return during + scanAll(nodes, needles);
}

/** Holds what was found against who may have it; gives how many have what they must not have. */
function judge(nodes, sender, receiver) {
  const may = {
    "sender's ip": (node) => node === sender || sender.linked.has(node.id),
    "receiver's ip": (node) => node === receiver || receiver.linked.has(node.id),
    "sender's identity": (node) => node === sender || node === receiver,
    "receiver's identity": (node) => node === sender || node === receiver,
  };
  let faults = 0;
  for (const [label, isAllowed] of Object.entries(may)) {
    const holders = nodes.filter((node) => node.has.has(label));
    const wrong = holders.filter((node) => !isAllowed(node));
    const names = holders.map((node) => node.name).join(" ");
    console.log(`${label.padEnd(20)} ${names}${wrong.length > 0 ? "   NOT ALLOWED: " : ""}${wrong.map((node) => node.name).join(" ")}`);
    faults += wrong.length;
  }
  for (const node of nodes) {
    const hasBoth = (kind) => node.has.has(`sender's ${kind}`) && node.has.has(`receiver's ${kind}`);
    const isLinked = sender.linked.has(node.id) && receiver.linked.has(node.id);
    const isEnd = node === sender || node === receiver;
    if ((hasBoth("ip") && !isLinked) || (hasBoth("identity") && !isEnd)) {
      console.log(`${node.name} knows both ends`);
      faults++;
    }
  }
  // What is not found where it must be shows that the search is blind.
  for (const [node, label] of [
    [sender, "sender's ip"], [receiver, "receiver's ip"], [sender, "sender's identity"],
    [receiver, "receiver's identity"], [sender, "receiver's identity"], [receiver, "sender's identity"],
  ]) {
    if (!node.has.has(label)) {
      console.log(`the search does not find ${label} in ${node.name}, where it is`);
      faults++;
    }
  }
  return faults;
}

async function main() {
  const nodes = [];
  let missing = [];
  let last = "";
  await until("joining", JOIN_MS, async () => {
    const lines = readFileSync(join(folder, "nodes"), "utf8").trim().split("\n");
    nodes.push(...lines.slice(nodes.length).map((line) => new Node(line)));
    const looks = await Promise.allSettled(nodes.map((node) => node.look()));
    const relays = nodes.filter(({ role }) => role === "relay").length;
    const isIn = ({ value }) => value?.network.relays_here >= relays - 1 && value.network.circuits_ready_ahead > 0;
    missing = nodes.filter((node, i) => !isIn(looks[i])).map(({ name }) => name);
    last = looks.filter((look) => !isIn(look)).map(({ value }) => JSON.stringify(value?.network)).join("\n");
    return nodes.length === Number(count) && missing.length === 0;
  }).catch((error) => {
    throw new Error(`${error.message}: ${missing.join(" ")}\n${last}`);
  });
  const clients = nodes.filter(({ role }) => role === "client");
  const relays = nodes.length - clients.length;
  const [sender, receiver] = choosePair(clients);
  for (const end of [sender, receiver]) {
    end.identify();
  }
  receiver.run("contacts", "add", "friend", sender.address);
  await until("publishing", JOIN_MS, async () => {
    const [status] = await Promise.all([receiver.look(), sender.look()]);
    return status.identities.reachable >= 1;
  });
  const needles = Object.entries({ "sender's": secretsOf(sender), "receiver's": secretsOf(receiver) })
    .flatMap(([whose, secrets]) => Object.entries(secrets).map(([kind, forms]) => [`${whose} ${kind}`, forms]));
  const bytes = await transfer(nodes, sender, receiver, needles);
  const { name: from, linked } = sender;
  console.log(`${relays} relays and ${clients.length} clients; ${from} sent ${megabytes} MiB to ${receiver.name}`);
  console.log(`searched ${(bytes / 1e9).toFixed(1)} GB of memory and files, at half of the file and behind it`);
  const both = shared(sender, receiver).length;
  console.log(
    `links: ${from} had ${linked.size}, ${receiver.name} had ${receiver.linked.size}, ${both} with the same relay`,
  );
  const faults = judge(nodes, sender, receiver);
  console.log(faults === 0 ? "nobody knows what they should not" : `${faults} know what they should not`);
  process.exitCode = faults === 0 ? 0 : 1;
}

await main().catch((error) => {
  console.log(error.message);
  process.exitCode = 1;
});
