// The implementations of WebRTC from npm behind the one interface that they share: the browser's.
import { once } from "node:events";

const loaders = {
  wrtc: async () => (await import("@roamhq/wrtc")).default.RTCPeerConnection,
  "node-datachannel": async () => (await import("node-datachannel/polyfill")).RTCPeerConnection,
  werift: async () => (await import("werift")).RTCPeerConnection,
};

export const stacks = Object.keys(loaders);

/** Makes a connection without any server. */
export async function makeConnection(stack) {
  const Connection = await loaders[stack]();
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
