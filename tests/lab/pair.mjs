// Lets two programs connect to each other: pair.mjs NAMESPACE-A COMMAND NAMESPACE-B COMMAND
// [NAMESPACE-S COMMAND]. It carries their offers, answers and candidates and says how it ended, in
// one line: "open MS" (both sides are), "failed MS" (one said so), or "stuck" with the reason.
// The lines of JSON that programs say and hear are those of tests/interop/README.md.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const STUCK_MS = 20000;
const args = process.argv.slice(2);
const children = [];

function end(...words) {
  console.log(...words);
  for (const child of children) {
    child.kill("SIGKILL");
  }
  process.exit(0);
}

/** Starts a command; its lines go to `hear`, the first one to the promise that is returned. */
function start(name, namespace, command, env, hear) {
  // A group of its own, so that SIGKILL reaches what a shell started.
  const child = spawn("ip", ["netns", "exec", namespace, "sh", "-c", `exec ${command}`], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, LAB_SIDE: name, ...env },
  });
  children.push(child);
  child.stdin.on("error", () => {});
  child.say = (fact) => child.stdin.write(JSON.stringify(fact) + "\n");
  child.on("exit", (code, signal) => end("stuck", `(${name} ended with ${code ?? signal})`));
  const first = new Promise((resolve) => {
    let isFirst = true;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (isFirst) {
        isFirst = false;
        resolve(line);
      } else {
        hear(JSON.parse(line));
      }
    });
  });
  return [child, first];
}

setTimeout(() => end("stuck", `(after ${STUCK_MS / 1000} s)`), STUCK_MS);

const env = {};
if (args.length > 4) {
  const [, first] = start("s", args[4], args[5], {}, () => {});
  env.LAB_PUBLIC = await first;
}

let began;
const isOpen = [false, false];
function hear(side, fact) {
  const ms = Math.round(performance.now() - began);
  if (fact.offer || fact.answer || fact.candidate) {
    peers[1 - side].say(fact);
  } else if (fact.failed) {
    end("failed", ms);
  } else if (fact.open) {
    isOpen[side] = true;
    if (isOpen[0] && isOpen[1]) {
      end("open", ms);
    }
  }
}

const [a, aFirst] = start("a", args[0], args[1], env, (fact) => hear(0, fact));
const [b, bFirst] = start("b", args[2], args[3], env, (fact) => hear(1, fact));
const peers = [a, b];
await Promise.all([aFirst, bFirst]);
began = performance.now();
a.say({ make_offer: true });
