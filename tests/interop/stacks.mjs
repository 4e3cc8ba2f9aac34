// The implementations of WebRTC from npm behind the one interface that they share: the browser's.
import { createSocket } from "node:dgram";
import { once } from "node:events";

/**
 * A STUN server on loopback, for werift: told of none it asks a public one, and waits for it before
 * it goes on. It says that the asker's address is what it is.
 */
async function startStun() {
  const socket = createSocket("udp4");
  socket.on("message", (request, { address, port }) => {
    if (request.length < 20 || request.readUInt16BE(0) !== 0x0001) {
      return;
    }
    const response = Buffer.alloc(32);
    response.writeUInt16BE(0x0101, 0);
    response.writeUInt16BE(12, 2);
    request.copy(response, 4, 4, 20);
    response.writeUInt16BE(0x0020, 20); // XOR-MAPPED-ADDRESS
    response.writeUInt16BE(8, 22);
    response.writeUInt16BE(1, 24);
    response.writeUInt16BE(port ^ 0x2112, 26);
    address.split(".").forEach((part, i) => response.writeUInt8(part ^ response[4 + i], 28 + i));
    socket.send(response, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.unref();
  return `stun:127.0.0.1:${socket.address().port}`;
}

async function loadWerift() {
  const { RTCPeerConnection } = await import("werift");
  const urls = await startStun();
  return class extends RTCPeerConnection {
    constructor(config) {
      super({ ...config, iceServers: [{ urls }] });
    }
  };
}

const loaders = {
  wrtc: async () => (await import("@roamhq/wrtc")).default.RTCPeerConnection,
  "node-datachannel": async () => (await import("node-datachannel/polyfill")).RTCPeerConnection,
  werift: loadWerift,
};

export const stacks = Object.keys(loaders);

/** The stack's RTCPeerConnection. */
export function loadStack(stack) {
  return loaders[stack]();
}

/** Makes a connection without any server. */
export async function makeConnection(stack) {
  const Connection = await loadStack(stack);
  return new Connection({ iceServers: [] });
}

/** Waits until the local description has all candidates, and gives its text. */
export async function gathered(connection, ms = 5000) {
  const deadline = Date.now() + ms;
  while (connection.iceGatheringState !== "complete" && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return connection.localDescription.sdp;
}

/** Calls `handle` with each line of JSON that a stream brings. */
export async function onLines(stream, handle) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.trim() !== "") {
        handle(JSON.parse(line));
      }
    }
  });
  await once(stream, "end");
}
