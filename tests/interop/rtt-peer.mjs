// One side of a measurement of throughput: rtt-peer.mjs STACK send|receive SECONDS. The sender makes the
// offer; descriptions cross standard input and output as lines of JSON.
import { gathered, makeConnection, onLines } from "./stacks.mjs";

const MESSAGE_BYTES = 16384;
const BUFFERED_MAX = 2000000;

const [stack, role, seconds] = process.argv.slice(2);
const connection = await makeConnection(stack);
const say = (fact) => process.stdout.write(JSON.stringify(fact) + "\n");
// werift has connectionState, but not always the event in the form of a handler.
const hasFailed = () => connection.connectionState === "failed";

function send(channel) {
  const message = new Uint8Array(MESSAGE_BYTES).fill(7);
  const deadline = Date.now() + Number(seconds) * 1000;
  const timer = setInterval(() => {
    // Not all at once: some of these stacks need the event loop to send.
    for (let i = 0; i < 128 && channel.bufferedAmount < BUFFERED_MAX; i++) {
      channel.send(message);
    }
    if (Date.now() > deadline || hasFailed()) {
      clearInterval(timer);
      say({ sent: true });
    }
  }, 2);
}

function receive(channel) {
  let bytes = 0;
  let before = 0;
  const rates = [];
  channel.binaryType = "arraybuffer";
  channel.onmessage = ({ data }) => {
    bytes += data.byteLength ?? data.length;
  };
  setInterval(() => {
    rates.push(((bytes - before) * 8) / 1e6);
    before = bytes;
    if (rates.length >= Number(seconds)) {
      say({ mbit_s: rates.map((rate) => Math.round(rate * 10) / 10) });
    }
  }, 1000);
}

if (role === "send") {
  const channel = connection.createDataChannel("throughput");
  channel.onopen = () => send(channel);
  await connection.setLocalDescription(await connection.createOffer());
  say({ offer: await gathered(connection) });
} else {
  connection.ondatachannel = ({ channel }) => receive(channel);
}
await onLines(process.stdin, async ({ offer, answer }) => {
  if (offer) {
    await connection.setRemoteDescription({ type: "offer", sdp: offer });
    await connection.setLocalDescription(await connection.createAnswer());
    say({ answer: await gathered(connection) });
  } else {
    await connection.setRemoteDescription({ type: "answer", sdp: answer });
  }
});
process.exit(0);
