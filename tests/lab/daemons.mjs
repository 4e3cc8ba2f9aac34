// Daemons as the scripts of this folder see them: asked over their control sockets, used through commands.
import { spawn, spawnSync } from "node:child_process";
import { createConnection } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits till `isGood` gives true; what it throws means no. */
export async function until(what, ms, isGood) {
  const end = Date.now() + ms;
  while (!(await Promise.resolve().then(isGood).catch(() => false))) {
    if (Date.now() > end) {
      throw new Error(`${what} takes more than ${ms / 1000} s`);
    }
    await sleep(50);
  }
}

/** A daemon with its state directory below `folder`. */
export class Daemon {
  constructor(cepa, folder, name) {
    this.cepa = cepa;
    this.name = name;
    this.state = join(folder, name);
  }

  /** One question on a connection of its own. */
  ask(what) {
    return new Promise((resolve, reject) => {
      const socket = createConnection(join(this.state, "control"));
      socket.on("error", reject);
      socket.on("close", () => reject(new Error(`${this.name} does not answer`)));
      const lines = createInterface({ input: socket });
      lines.on("error", reject);
      lines.on("line", (line) => {
        resolve(JSON.parse(line));
        socket.end();
      });
      socket.write(JSON.stringify({ do: what }) + "\n");
    });
  }

  /** Runs a command that ends soon; gives what it printed. */
  run(...words) {
    const ran = spawnSync(this.cepa, [...words, "--state-directory", this.state], { encoding: "utf8" });
    if (ran.status !== 0) {
      throw new Error(`cepa ${words.join(" ")}: ${ran.stderr}`);
    }
    return ran.stdout;
  }

  /** Runs a command beside others; gives its exit status and what it printed, both streams together. */
  start(...words) {
    const child = spawn(this.cepa, [...words, "--state-directory", this.state], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = [];
    child.stdout.on("data", (bytes) => said.push(bytes));
    child.stderr.on("data", (bytes) => said.push(bytes));
    return new Promise((resolve) => {
      child.on("close", (status) => resolve({ status, said: Buffer.concat(said).toString() }));
    });
  }

  /** The address of its default identity, which is made if there is none. */
  identify() {
    this.address = this.run("id").match(/cepa1[a-z0-9]+/)[0];
    return this.address;
  }
}
