// A peer that nobody here wrote receives what `bench_webrtc flood` sends to it:
//
//   webrtc_receiver.mjs PEER ADDRESS WARM-UP SECONDS PROFILE-FOLDER
//
// ADDRESS is the line that flood printed. Prints `mbit_s NUMBER`, after so many seconds of warming up.
import { browsers, startBrowser } from "../tests/interop/browsers.mjs";
import { Side } from "../tests/interop/side.mjs";
import { loadStack } from "../tests/interop/stacks.mjs";

const OPEN_MS = 5000;
const [peer, address, warmUp, seconds, profile] = process.argv.slice(2);
const sleep = (s) => new Promise((resolve) => setTimeout(resolve, s * 1000));

const isBrowser = peer in browsers;
const driver = isBrowser ? await startBrowser(peer, profile) : undefined;
const side = isBrowser ? await driver.makeSide() : new Side(await loadStack(peer));
await side.dial(JSON.parse(address));
await side.waitOpen(OPEN_MS);
await side.count();
await sleep(Number(warmUp));
const before = await side.counted();
await sleep(Number(seconds));
const after = await side.counted();
console.log(`mbit_s ${(((after.bytes - before.bytes) * 8) / (after.ms - before.ms) / 1e3).toFixed(2)}`);
await driver?.stop();
process.exit(0);
