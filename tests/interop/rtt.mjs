// Measures throughput from one stack to another over the emulated link between two namespaces:
// rtt.mjs NAMESPACE NAMESPACE SECONDS SENDER RECEIVER. Prints Mbit/s of each second at the receiver.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onLines } from "./stacks.mjs";

const [from, to, seconds, sender, receiver] = process.argv.slice(2);
const program = fileURLToPath(new URL("rtt-peer.mjs", import.meta.url));

function start(namespace, stack, role) {
  const args = ["netns", "exec", namespace, process.execPath, program, stack, role, seconds];
  return spawn("ip", args, { stdio: ["pipe", "pipe", "ignore"] });
}

const peers = [start(from, sender, "send"), start(to, receiver, "receive")];
const result = await new Promise((resolve) => {
  setTimeout(() => resolve(undefined), (Number(seconds) + 15) * 1000);
  peers.forEach((peer, i) => {
    onLines(peer.stdout, (fact) => {
      if (fact.mbit_s) {
        resolve(fact.mbit_s);
      } else if (fact.offer || fact.answer) {
        peers[1 - i].stdin.write(JSON.stringify(fact) + "\n");
      }
    });
  });
});
for (const peer of peers) {
  peer.kill("SIGKILL");
}
const steady = result?.slice(2) ?? [];
const mean = steady.reduce((sum, rate) => sum + rate, 0) / steady.length;
console.log(`${sender} -> ${receiver}: ${result ? mean.toFixed(1) : "nothing"} Mbit/s after 2 s`);
console.log(`    each second: ${result?.join(" ")}`);
process.exit(result ? 0 : 1);
