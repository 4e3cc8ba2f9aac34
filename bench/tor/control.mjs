// Speaks to one tor through its control socket.
import { EventEmitter, once } from "node:events";
import { createConnection } from "node:net";

/** A connection to a control socket. It emits "CIRC", "STREAM" and so on with the line's words. */
export class Control extends EventEmitter {
  #socket;
  #rest = "";
  #lines = []; // of the reply that is coming
  #inData = false;
  #waiting = []; // who asked, oldest first

  static async connect(path) {
    const control = new Control();
    control.#socket = createConnection(path);
    await once(control.#socket, "connect");
    control.#socket.setEncoding("utf8");
    control.#socket.on("data", (text) => control.#hear(text));
    control.#socket.on("error", () => {});
    control.#socket.on("close", () => control.#end());
    await control.ask("AUTHENTICATE");
    return control;
  }

  /** Sends a command; gives the lines of its reply, or throws if it was refused. */
  ask(command) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      this.#socket.write(`${command}\r\n`);
    });
  }

  /** The value of one name that GETINFO knows, its lines joined. */
  async info(name) {
    const lines = await this.ask(`GETINFO ${name}`);
    const text = lines.slice(0, -1).join("\n").slice(`${name}=`.length);
    return text.trim();
  }

  close() {
    this.#socket.destroy();
  }

  #hear(text) {
    const lines = (this.#rest + text).split("\r\n");
    this.#rest = lines.pop();
    for (const line of lines) {
      this.#hearLine(line);
    }
  }

  #hearLine(line) {
    if (this.#inData) {
      this.#inData = line !== ".";
      if (this.#inData) {
        this.#lines.push(line);
      }
      return;
    }
    const [, status, kind, body] = /^(\d{3})([-+ ])(.*)$/.exec(line) ?? [];
    this.#inData = kind === "+";
    this.#lines.push(body);
    if (kind === " ") {
      this.#tell(Number(status), this.#lines);
      this.#lines = [];
    }
  }

  #tell(status, lines) {
    if (status === 650) {
      const words = lines[0].split(" ");
      this.emit(words[0], words.slice(1));
      return;
    }
    const { command, resolve, reject } = this.#waiting.shift();
    if (status === 250) {
      resolve(lines);
    } else {
      reject(new Error(`${command.split(" ")[0]}: ${status} ${lines.at(-1)}`));
    }
  }

  #end() {
    for (const { command, reject } of this.#waiting.splice(0)) {
      reject(new Error(`${command.split(" ")[0]}: the control socket closed`));
    }
  }
}
