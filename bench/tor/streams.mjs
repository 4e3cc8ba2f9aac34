// What is carried: a TCP server that sends or swallows bytes, and streams to it through SOCKS.
import { once } from "node:events";
import { connect, createServer } from "node:net";

const CHUNK = Buffer.alloc(1 << 16, "cepa");
const ANSWERED = 10; // bytes of a SOCKS answer with an IPv4 address

/** Sends `bytes` bytes, as fast as they go. */
function pour(socket, bytes) {
  let left = bytes;
  const more = () => {
    while (left > 0 && !socket.destroyed) {
      const part = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
      left -= part.length;
      if (!socket.write(part)) {
        return;
      }
    }
  };
  socket.on("drain", more);
  more();
}

/** A server on loopback: "get BYTES" asks it for so many, and after "put" it swallows. */
export class Server {
  /** Bytes swallowed by all connections. */
  swallowed = 0;
  #server = createServer({ noDelay: true }, (socket) => this.#accept(socket));

  async start() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = this.#server.address().port;
  }

  stop() {
    this.#server.close();
  }

  #accept(socket) {
    let request = "";
    socket.on("error", () => {});
    const hear = (data) => {
      request += data.toString("latin1");
      const end = request.indexOf("\n");
      if (end < 0) {
        return;
      }
      socket.off("data", hear);
      const [verb, bytes] = request.slice(0, end).split(" ");
      if (verb === "get") {
        socket.on("data", () => {});
        pour(socket, Number(bytes));
      } else {
        socket.on("data", (more) => (this.swallowed += more.length));
      }
    };
    socket.on("data", hear);
  }
}

/** One stream through a SOCKS port. */
export class Stream {
  /** Bytes that came. */
  bytes = 0;
  /** When it was asked for, and when its first byte came. */
  began = performance.now();
  firstByteAt;
  isClosed = false;
  /** Told when bytes came or the stream closed. */
  onChange = () => {};
  #socket;
  #isOpen = false;
  #answer = Buffer.alloc(0); // of the SOCKS handshake, so far

  /**
   * Opens a stream and sends the request.
   *
   * @param socksPort where tor listens
   * @param target host and port at the other end
   * @param who streams with different names never share a circuit
   * @param request the line to send
   * @param isEager sends the request without waiting until the stream is open
   * @param seconds for how long to wait until it is open
   * @param onPort called with the local port before tor is asked for anything
   */
  static async open({ socksPort, target, who, request, isEager, seconds, onPort }) {
    const stream = new Stream();
    const socket = connect({ port: socksPort, host: "127.0.0.1", noDelay: true });
    stream.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (data) => stream.#come(data));
    socket.on("close", () => {
      stream.isClosed = true;
      stream.onChange();
    });
    const limit = setTimeout(() => socket.destroy(), seconds * 1000);
    socket.on("close", () => clearTimeout(limit));
    await once(socket, "connect"); // throws if nobody listens
    onPort(socket.localPort);
    const name = Buffer.from(who);
    const host = Buffer.from(target.host);
    await stream.#say(Buffer.from([5, 1, 2]), 2);
    const pair = Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([1, 0x78])]);
    await stream.#say(pair, 2);
    const port = [target.port >> 8, target.port & 0xff];
    const parts = [Buffer.from([5, 1, 0, 3, host.length]), host, Buffer.from(port)];
    if (isEager) {
      parts.push(Buffer.from(request));
    }
    const answer = await stream.#say(Buffer.concat(parts), ANSWERED);
    if (answer[1] !== 0) {
      socket.destroy();
      throw new Error(`SOCKS answered ${answer[1]}`);
    }
    clearTimeout(limit);
    stream.#open();
    if (!isEager) {
      socket.write(request);
    }
    return stream;
  }

  /** Waits until `check` holds or the stream closes or `seconds` are over; says whether it holds. */
  waitFor(seconds, check) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.onChange = () => {};
        resolve(check());
      };
      const timer = setTimeout(end, seconds * 1000);
      this.onChange = () => {
        if (check() || this.isClosed) {
          end();
        }
      };
      this.onChange();
    });
  }

  /** Sends without end. */
  pour() {
    pour(this.#socket, Infinity);
  }

  close() {
    this.#socket.destroy();
  }

  #come(data) {
    if (this.#isOpen) {
      this.firstByteAt ??= performance.now();
      this.bytes += data.length;
    } else {
      this.#answer = Buffer.concat([this.#answer, data]);
    }
    this.onChange();
  }

  /** From here on, what comes is counted; some of it may be here. */
  #open() {
    this.#isOpen = true;
    this.onChange = () => {};
    if (this.#answer.length > 0) {
      this.#come(this.#answer);
    }
  }

  /** Sends a part of the SOCKS handshake and waits for the answer's bytes. */
  #say(bytes, answerLen) {
    this.#socket.write(bytes);
    return new Promise((resolve, reject) => {
      this.onChange = () => {
        if (this.#answer.length >= answerLen) {
          const answer = this.#answer.subarray(0, answerLen);
          this.#answer = this.#answer.subarray(answerLen);
          resolve(answer);
        } else if (this.isClosed) {
          reject(new Error("the stream closed before it opened"));
        }
      };
      this.onChange();
    });
  }
}
