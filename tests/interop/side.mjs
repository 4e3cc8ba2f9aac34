// One end of a connection, in a page or in Node: it dials, offers or answers, and then has everything
// that it sends echoed.
import { composeAnswer, drawUfrag } from "./dial.mjs";

const NEGOTIATED_STREAM = 10; // README.md: the server has this one from the beginning
const OUTSTANDING_MAX = 1 << 20; // bytes that are not echoed yet; 16 MB is where browsers close
const OUTSTANDING_MESSAGES_MAX = 200;

function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Message number `index` of a kind: other bytes in each. */
function compose({ kind, size }, index) {
  let state = (size * 2654435761 + index * 40503 + 1) >>> 0;
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  // Text that is not all ASCII.
  const letter = (byte) => String.fromCharCode(byte < 16 ? 0x4e00 + byte : 32 + (byte % 95));
  return kind === "text" ? Array.from(bytes, letter).join("") : bytes;
}

function isSame(got, wanted) {
  if (typeof got === "string" || typeof wanted === "string") {
    return got === wanted;
  }
  const bytes =
    got instanceof ArrayBuffer
      ? new Uint8Array(got)
      : new Uint8Array(got.buffer, got.byteOffset, got.byteLength);
  return bytes.length === wanted.length && bytes.every((byte, i) => byte === wanted[i]);
}

const describe = (data) =>
  typeof data === "string" ? `text of ${data.length}` : `${data.byteLength ?? data.length} bytes`;

export class Side {
  constructor(Connection) {
    this.connection = new Connection({ iceServers: [] });
    this.received = [];
    this.onReceived = () => {};
    this.began = performance.now();
    this.opened = new Promise((resolve) => {
      this.onOpen = resolve;
    });
    this.failed = new Promise((_, reject) => {
      this.onFailure = reject;
    });
    this.failed.catch(() => {});
    this.connection.onconnectionstatechange = () => {
      if (this.connection.connectionState === "failed") {
        this.onFailure(new Error("the connection failed"));
      }
    };
    this.connection.ondatachannel = ({ channel }) => this.#use(channel);
  }

  #use(channel) {
    this.channel = channel;
    channel.binaryType = "arraybuffer";
    channel.onmessage = ({ data }) => {
      this.received.push(data);
      this.onReceived();
    };
    channel.onclose = () => this.onFailure(new Error("the channel closed"));
    channel.onopen = () => this.onOpen(performance.now() - this.began);
    if (channel.readyState === "open") {
      channel.onopen();
    }
  }

  #create(isNegotiated) {
    const options = isNegotiated ? { negotiated: true, id: NEGOTIATED_STREAM } : {};
    this.#use(this.connection.createDataChannel("echo", options));
  }

  async #describe(description) {
    await this.connection.setLocalDescription(description);
    const deadline = Date.now() + 5000;
    while (this.connection.iceGatheringState !== "complete" && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return this.connection.localDescription.sdp;
  }

  /** Dials; the answer is composed here, and the offer stays as it was made. */
  async dial(address, { isNegotiated = false, changes = {} } = {}) {
    this.#create(isNegotiated);
    const offer = await this.connection.createOffer();
    await this.connection.setLocalDescription(offer);
    const sdp = this.connection.localDescription?.sdp ?? offer.sdp;
    const mid = /^a=mid:(\S+)/m.exec(sdp)?.[1];
    await this.connection.setRemoteDescription({
      type: "answer",
      sdp: composeAnswer(address, drawUfrag(), mid, changes),
    });
  }

  async makeOffer({ isNegotiated = false } = {}) {
    this.#create(isNegotiated);
    return this.#describe(await this.connection.createOffer());
  }

  async takeOffer(sdp) {
    await this.connection.setRemoteDescription({ type: "offer", sdp });
    return this.#describe(await this.connection.createAnswer());
  }

  async takeAnswer(sdp) {
    await this.connection.setRemoteDescription({ type: "answer", sdp });
  }

  /** Milliseconds from the beginning to the open channel. */
  waitOpen(ms) {
    return within(ms, "open", Promise.race([this.opened, this.failed]));
  }

  /** Sends all messages of a plan ([{ kind, size, count }]) and holds each echo against what was sent. */
  async echo(plan, ms) {
    const began = performance.now();
    for (const part of plan) {
      const what = `echo of ${part.count} x ${part.size} bytes (${part.kind})`;
      await within(ms, what, this.#echo(part));
    }
    return performance.now() - began;
  }

  async #echo(part) {
    let sent = 0;
    let verified = 0;
    while (verified < part.count) {
      while (
        sent < part.count &&
        sent - verified < OUTSTANDING_MESSAGES_MAX &&
        (sent === verified || (sent - verified + 1) * part.size <= OUTSTANDING_MAX)
      ) {
        this.channel.send(compose(part, sent));
        sent++;
      }
      if (this.received.length === 0) {
        const arrival = new Promise((resolve) => {
          this.onReceived = resolve;
        });
        await Promise.race([arrival, this.failed]);
      }
      for (const data of this.received.splice(0)) {
        const wanted = compose(part, verified);
        if (!isSame(data, wanted)) {
          throw new Error(
            `echo ${verified} of ${part.size} bytes (${part.kind}): got ${describe(data)}`,
          );
        }
        verified++;
      }
    }
  }

  /** From now on messages are counted instead of kept. */
  count() {
    this.bytes = 0;
    this.channel.onmessage = ({ data }) => {
      this.bytes += data.byteLength ?? data.length;
    };
  }

  /** The bytes that were counted, and the time in milliseconds. */
  counted() {
    return { bytes: this.bytes, ms: performance.now() };
  }

  close() {
    if (this.channel) {
      this.channel.onclose = null;
      this.channel.close();
    }
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }
}
