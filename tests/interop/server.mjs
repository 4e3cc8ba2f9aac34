// The program under test, which speaks lines of JSON on its standard input and output (README.md).
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const REPLY_MS = 5000;

export class Server {
  /** Starts the command in a namespace and waits for its address. */
  static async start(namespace, command) {
    const server = new Server();
    const words = ["netns", "exec", namespace, "sh", "-c", `exec ${command}`];
    server.process = spawn("ip", words, { stdio: ["pipe", "pipe", "inherit"] });
    server.process.stdin.on("error", () => {});
    server.waiting = new Map();
    server.ended = new Promise((resolve) => {
      server.process.on("exit", (code, signal) => resolve(`the server ended (${code ?? signal})`));
    });
    server.asked = 0;
    createInterface({ input: server.process.stdout }).on("line", (line) => {
      const fact = JSON.parse(line);
      server.waiting.get(fact.id)?.(fact);
    });
    server.address = await server.#reply(undefined);
    return server;
  }

  async #reply(id) {
    let timer;
    const reply = new Promise((resolve) => this.waiting.set(id, resolve));
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("no reply from the server")), REPLY_MS);
      this.ended.then((reason) => reject(new Error(reason)));
    });
    late.catch(() => {});
    try {
      const fact = await Promise.race([reply, late]);
      if (fact.error) {
        throw new Error(`the server says: ${fact.error}`);
      }
      return fact;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(id);
    }
  }

  say(fact) {
    this.process.stdin.write(JSON.stringify(fact) + "\n");
  }

  /** Asks about a connection of its own and gives [the reply, the connection's id]. */
  async ask(fact) {
    const id = ++this.asked;
    const reply = this.#reply(id);
    this.say({ id, ...fact });
    return [await reply, id];
  }

  /** Ends it as a user would, by the end of its input; says how it ended. */
  async stop() {
    this.process.stdin.end();
    const timer = setTimeout(() => this.process.kill("SIGKILL"), 3000);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }
}
