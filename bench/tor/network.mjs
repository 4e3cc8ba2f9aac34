// A private network of tor processes on loopback: directory authorities, relays, a client, and a host
// of an onion service. Everything lies in one temporary directory. Each process ends with this one,
// whatever ends it, and has 127.0.0.1 as the source of its connections, from where the kernel leads
// nowhere else.
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Control } from "./control.mjs";

const AUTHORITIES = 3;
const RELAYS = 6; // beside the authorities, which relay too
const VOTING_S = 20;
const DELAY_S = 4;
const END_MS = 5000;
const POLL_MS = 200;
export const ONION_PORT = 80;

const run = promisify(execFile);
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"]));

/** Asks `check` until it gives something; throws after `seconds`. */
export async function until(what, seconds, check, pauseMs = POLL_MS) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await check();
    if (found) {
      return found;
    }
    if (performance.now() > end) {
      throw new Error(`${what}: not within ${seconds} s`);
    }
    await sleep(pauseMs);
  }
}

/** TCP ports of 127.0.0.1 that are free now. */
async function freePorts(count) {
  const servers = [];
  for (let i = 0; i < count; i++) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push(server);
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** Processor seconds of a process so far. */
function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export class Network {
  /** The control sockets, once the network is up. */
  client;
  onion;
  onionAddress;
  socksPort;
  #root = mkdtempSync(join(tmpdir(), "cepa-tor-"));
  #nodes = [];
  #isEnding = false;

  /** @param options lines of configuration for every process */
  constructor(options, servicePort) {
    this.options = options;
    this.servicePort = servicePort;
  }

  /** Starts everything and waits until the client knows all relays and the service is published. */
  async start() {
    await this.#prepare();
    // Votes are cast at fixed times; the first ones shall know all relays.
    await sleep(VOTING_S * 1000 - (Date.now() % (VOTING_S * 1000)));
    for (const node of this.#nodes) {
      this.#launch(node);
    }
    this.client = await this.#control("client");
    this.onion = await this.#control("onion");
    let published = 0;
    this.onion.on("HS_DESC", ([action]) => (published += action === "UPLOADED"));
    await this.onion.ask("SETEVENTS HS_DESC");
    await until("the client's bootstrap", 120, () => this.#isClientReady());
    await until("the onion service's descriptor", 120, () => published >= 2);
    await sleep(2000); // the other copies of the descriptor
    const name = readFileSync(join(this.#root, "onion", "service", "hostname"), "utf8");
    this.onionAddress = name.trim();
    const listener = await this.client.info("net/listeners/socks");
    this.socksPort = Number(/:(\d+)"/.exec(listener)[1]);
  }

  /** Processor seconds of all processes of the network together. */
  cpu() {
    return this.#nodes.reduce((sum, { process }) => sum + cpuSeconds(process.pid), 0);
  }

  processes() {
    return this.#nodes.length;
  }

  /** Fingerprints of all relays. */
  relays() {
    return this.#nodes.filter(({ fingerprint }) => fingerprint).map((node) => node.fingerprint);
  }

  /** Kills the relay at once. */
  kill(fingerprint) {
    const node = this.#nodes.find((candidate) => candidate.fingerprint === fingerprint);
    node.isKilled = true;
    node.process.kill("SIGKILL");
  }

  /** Starts the relay that was killed. */
  async revive(fingerprint) {
    const node = this.#nodes.find((candidate) => candidate.fingerprint === fingerprint);
    if (node.process.exitCode === null && node.process.signalCode === null) {
      await once(node.process, "exit");
    }
    this.#launch(node);
  }

  /** Ends every process of the network and removes its directory. */
  async stop() {
    this.#isEnding = true;
    this.client?.close();
    this.onion?.close();
    const running = this.#nodes.filter(
      ({ process }) => process && process.exitCode === null && process.signalCode === null,
    );
    const ends = running.map(({ process }) => once(process, "exit"));
    running.forEach(({ process }) => process.kill("SIGTERM"));
    const kill = setTimeout(
      () => running.forEach(({ process }) => process.kill("SIGKILL")),
      END_MS,
    );
    await Promise.all(ends);
    clearTimeout(kill);
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** Makes the nodes' names, ports, keys and configurations. */
  async #prepare() {
    const ports = await freePorts(2 * AUTHORITIES + RELAYS);
    for (let i = 0; i < AUTHORITIES; i++) {
      this.#add(`authority${i}`, ports.pop(), ports.pop());
    }
    for (let i = 0; i < RELAYS; i++) {
      this.#add(`relay${i}`, ports.pop());
    }
    this.#add("client");
    this.#add("onion");
    await Promise.all(this.#nodes.map((node) => this.#makeKeys(node)));
    const authorities = this.#nodes
      .filter(({ directoryPort }) => directoryPort)
      .map(
        ({ name, port, directoryPort, identity, fingerprint }) =>
          `DirAuthority ${name} orport=${port} no-v2 v3ident=${identity} ` +
          `127.0.0.1:${directoryPort} ${fingerprint}`,
      );
    for (const node of this.#nodes) {
      const lines = [...this.#lines(node), ...authorities, ...this.options];
      writeFileSync(join(node.folder, "torrc"), `${lines.join("\n")}\n`);
    }
    await run("tor", ["--verify-config", "-f", join(this.#nodes[0].folder, "torrc")]).catch(
      ({ stdout }) => {
        const reason = stdout.split("\n").filter((line) => /\[(err|warn)\]/.test(line));
        throw new Error(`tor refuses its configuration: ${reason.at(-1)}`);
      },
    );
  }

  #add(name, port, directoryPort) {
    const folder = join(this.#root, name);
    mkdirSync(folder, { mode: 0o700 });
    this.#nodes.push({ name, port, directoryPort, folder });
  }

  /** Gives an authority its two identities, and a relay its one. */
  async #makeKeys(node) {
    if (!node.port) {
      return;
    }
    const keys = join(node.folder, "keys");
    mkdirSync(keys, { mode: 0o700 });
    if (node.directoryPort) {
      const certificate = join(keys, "authority_certificate");
      const words = ["--create-identity-key", "-m", "12", "--passphrase-fd", "0"];
      words.push("-a", `127.0.0.1:${node.directoryPort}`, "-c", certificate);
      words.push("-i", join(keys, "authority_identity_key"));
      words.push("-s", join(keys, "authority_signing_key"));
      const made = run("tor-gencert", words);
      made.child.stdin.end("of no value\n");
      await made;
      node.identity = /^fingerprint ([0-9A-F]+)/m.exec(readFileSync(certificate, "utf8"))[1];
    }
    const words = ["--ignore-missing-torrc", "-f", join(node.folder, "none"), "--quiet"];
    words.push("--DataDirectory", node.folder, "--Nickname", node.name);
    words.push("--ORPort", `127.0.0.1:${node.port} IPv4Only`, "--Address", "127.0.0.1");
    const { stdout } = await run("tor", [...words, "--list-fingerprint"]);
    node.fingerprint = stdout.replace(/^\S+ /, "").replace(/\s/g, "");
  }

  #lines(node) {
    const { name, port, directoryPort, folder } = node;
    const lines = [
      "TestingTorNetwork 1",
      `DataDirectory ${folder}`,
      `Log notice file ${join(folder, "log")}`,
      `__OwningControllerProcess ${process.pid}`,
      "OutboundBindAddress 127.0.0.1",
      "AvoidDiskWrites 1",
    ];
    if (port) {
      lines.push(
        `Nickname ${name}`,
        "Address 127.0.0.1",
        `ORPort 127.0.0.1:${port} IPv4Only`,
        "SocksPort 0",
        "ExitRelay 1",
        "ExitPolicyRejectPrivate 0",
        // What only lets private addresses through does not count as an exit.
        `ExitPolicy accept *:${this.servicePort}, reject *:*`,
        "AssumeReachable 1",
        // No names are looked up, not even those that an exit tries its name servers with.
        `ServerDNSResolvConfFile ${join(this.#root, "resolv.conf")}`,
        "ServerDNSAllowBrokenConfig 1",
        "ServerDNSDetectHijacking 0",
      );
      writeFileSync(join(this.#root, "resolv.conf"), "nameserver 127.0.0.1\n");
    } else {
      lines.push(`ControlSocket ${join(folder, "control")}`);
    }
    if (directoryPort) {
      lines.push(
        `DirPort 127.0.0.1:${directoryPort} IPv4Only`,
        "AuthoritativeDirectory 1",
        "V3AuthoritativeDirectory 1",
        `TestingV3AuthInitialVotingInterval ${VOTING_S}`,
        `TestingV3AuthInitialVoteDelay ${DELAY_S}`,
        `TestingV3AuthInitialDistDelay ${DELAY_S}`,
        `V3AuthVotingInterval ${VOTING_S}`,
        `V3AuthVoteDelay ${DELAY_S}`,
        `V3AuthDistDelay ${DELAY_S}`,
        "TestingDirAuthVoteExit *",
        "TestingDirAuthVoteGuard *",
        "TestingDirAuthVoteHSDir *",
      );
    }
    if (name === "client") {
      lines.push("SocksPort 127.0.0.1:auto");
    }
    if (name === "onion") {
      lines.push(
        "SocksPort 0",
        `HiddenServiceDir ${join(folder, "service")}`,
        `HiddenServicePort ${ONION_PORT} 127.0.0.1:${this.servicePort}`,
      );
    }
    return lines;
  }

  #launch(node) {
    if (this.#isEnding) {
      throw new Error("the network has ended");
    }
    const words = ["--hush", "-f", join(node.folder, "torrc")];
    node.isKilled = false;
    // In a group of its own, so that an interrupt at the terminal is for us alone.
    node.process = spawn("tor", words, { stdio: "ignore", detached: true });
    node.process.on("exit", () => {
      if (!this.#isEnding && !node.isKilled) {
        console.error(`${node.name} ended:\n${readFileSync(join(node.folder, "log"), "utf8")}`);
      }
    });
  }

  /** The control socket of a node, as soon as it has one. */
  #control(name) {
    const path = join(this.#root, name, "control");
    return until(`the control socket of the ${name}`, 30, () =>
      Control.connect(path).catch(() => null),
    );
  }

  async #isClientReady() {
    const phase = await this.client.info("status/bootstrap-phase");
    const known = await this.client.info("ns/all");
    const running = known.match(/^s .*\bRunning\b/gm) ?? [];
    return phase.includes("PROGRESS=100") && running.length === AUTHORITIES + RELAYS;
  }
}
