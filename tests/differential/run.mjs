// Runs every implementation of every primitive over the same rounds, in shards on several
// processes, and compares. Started by tests/differential/run, which builds what this needs.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BLOCK = 100;
const SHARD_MS = 10_000;
const NATIVE = fileURLToPath(new URL('../../build/release/differential', import.meta.url));
const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

// What each implementation has, and about how many milliseconds a round takes it, which only the
// plan depends on. The first is the one that the others are compared with. `stride` thins out.
const ours = (cost) => ({ portable: { cost }, avx2: { cost }, full: { cost } });
const plan = {
  keccak: { ...ours(0.05), wasm: { cost: 0.1 }, noble: { cost: 1 }, sodium: { cost: 0.1 },
    openssl: { cost: 0.1 } },
  blake2b: { ...ours(0.02), wasm: { cost: 0.05 }, noble: { cost: 0.2 } },
  aead: { ...ours(0.02), wasm: { cost: 0.1 }, noble: { cost: 0.3 }, sodium: { cost: 0.1 },
    openssl: { cost: 0.1 } },
  hpolyc: { ...ours(0.02), wasm: { cost: 0.1 }, noble: { cost: 0.5 } },
  x25519: { ...ours(0.1), wasm: { cost: 0.3 }, noble: { cost: 2.5 }, sodium: { cost: 0.3 },
    openssl: { cost: 0.3 } },
  ed25519: { ...ours(0.2), wasm: { cost: 0.5 }, noble: { cost: 4 }, sodium: { cost: 0.5 },
    openssl: { cost: 0.5 } },
  mlkem: { ...ours(0.2), wasm: { cost: 0.3 }, noble: { cost: 4 }, sodium: { cost: 0.7 },
    mlkem: { cost: 3, stride: 4 } },
  // noble's X-Wing is put together from its parts, which have rounds of their own.
  xwing: { ...ours(0.4), wasm: { cost: 1 }, noble: { cost: 8, stride: 10 }, sodium: { cost: 1.5 } },
  mldsa: { ...ours(1), wasm: { cost: 3 }, noble: { cost: 20 } },
};

/** The sets of kernels that this processor can run, in the words of CEPA_CPU. */
const kernels = execFileSync(NATIVE, ['cpu'], { encoding: 'utf8' }).trim().split(' ');
const isNative = (name) => ['portable', 'avx2', 'full'].includes(name);
const implementationsOf = (primitive) => Object.keys(plan[primitive])
  .filter((name) => !isNative(name) || kernels.includes(name));

function command(name, primitive, first, count, block, stride) {
  const range = count === 'show'
    ? [primitive, first, 'show']
    : [primitive, first, count, block, ...(isNative(name) ? [] : [stride])];
  const args = range.map(String);
  return isNative(name)
    ? { file: NATIVE, args, env: { ...process.env, CEPA_CPU: name } }
    : { file: process.execPath, args: [WORKER, name, ...args], env: process.env };
}

/** Runs a command to its end; rejects with what it said if it fails. */
function execute({ file, args, env }) {
  return new Promise((resolve, reject) => {
    execFile(file, args, { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`${file} ${args.join(' ')}: ${stderr || error.message}`));
      } else {
        resolve(stdout);
      }
    });
  });
}

/** Shards of all work, the longest first so that the processes end together. */
function shardsOf(primitives, rounds) {
  const shards = [];
  for (const primitive of primitives) {
    for (const name of implementationsOf(primitive)) {
      const { cost, stride = 1 } = plan[primitive][name];
      const blocks = Math.max(1, Math.floor(SHARD_MS / cost / BLOCK));
      const len = blocks * BLOCK * stride;
      for (let first = 0; first < rounds; first += len) {
        const count = Math.min(len, rounds - first);
        shards.push({ primitive, name, first, count, stride, cost: count * cost / stride });
      }
    }
  }
  return shards.sort((a, b) => b.cost - a.cost);
}

function parseDigests(stdout) {
  return stdout.trim().split('\n').map((line) => {
    const [, first, digest] = line.split(' ');
    return [Number(first), digest];
  });
}

/** Runs the shards: digests[primitive][implementation] is a map from block to digest. */
async function runShards(shards, processes) {
  const digests = {};
  const seconds = {};
  const queue = [...shards];
  const work = async () => {
    for (let shard = queue.shift(); shard !== undefined; shard = queue.shift()) {
      const { primitive, name, first, count, stride } = shard;
      const begin = process.hrtime.bigint();
      const stdout = await execute(command(name, primitive, first, count, BLOCK, stride));
      const byName = (digests[primitive] ??= {});
      const blocks = (byName[name] ??= new Map());
      for (const [block, digest] of parseDigests(stdout)) {
        blocks.set(block, digest);
      }
      const key = `${primitive} ${name}`;
      seconds[key] = (seconds[key] ?? 0) + Number(process.hrtime.bigint() - begin) / 1e9;
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return { digests, seconds };
}

/** The first round of a block where two implementations differ, and the names of the outputs. */
async function findDifference(primitive, reference, name, block, count) {
  const [want, got] = await Promise.all([reference, name].map(async (which) =>
    parseDigests(await execute(command(which, primitive, block, count, 1, 1)))));
  const at = want.findIndex(([, digest], i) => got[i]?.[1] !== digest);
  if (at < 0) {
    return { round: block, outputs: ['none alone: it depends on the rounds before'] };
  }
  const round = want[at][0];
  const [wantOutputs, gotOutputs] = await Promise.all([reference, name].map(async (which) =>
    (await execute(command(which, primitive, round, 'show'))).trim().split('\n')));
  const outputs = wantOutputs
    .filter((line, i) => gotOutputs[i] !== line).map((line) => line.split(' ')[0]);
  return { round, outputs };
}

function foldDigests(blocks) {
  const hash = createHash('shake256', { outputLength: 16 });
  for (const first of [...blocks.keys()].sort((a, b) => a - b)) {
    hash.update(blocks.get(first));
  }
  return hash.digest('hex');
}

/** What other machines and earlier versions got: lines `rounds primitive digest`. */
function readRecorded() {
  const text = readFileSync(new URL('digests.txt', import.meta.url), 'utf8');
  return new Map(text.split('\n').filter((line) => /^\d/.test(line)).map((line) => {
    const [rounds, primitive, digest] = line.split(' ');
    return [`${rounds} ${primitive}`, digest];
  }));
}

async function compare(primitive, digests, seconds, rounds) {
  const names = implementationsOf(primitive);
  const [reference] = names;
  const wanted = digests[primitive][reference];
  const cells = [];
  let failures = 0;
  for (const name of names) {
    const blocks = digests[primitive][name];
    const wrong = [...blocks.keys()].sort((a, b) => a - b)
      .find((block) => blocks.get(block) !== wanted.get(block));
    const covered = blocks.size === wanted.size ? '' : ` (${blocks.size * BLOCK} rounds)`;
    cells.push(`${name} ${seconds[`${primitive} ${name}`].toFixed(1)} s${covered}`);
    if (wrong !== undefined) {
      failures++;
      const count = Math.min(BLOCK, rounds - wrong);
      const { round, outputs } = await findDifference(primitive, reference, name, wrong, count);
      console.log(`DIFFERENT ${primitive}: ${name} is not ${reference} in round ${round}: ` +
        `${outputs.join(', ')}\n  replay: tests/differential/run show ${primitive} ${round}`);
    }
  }
  const digest = foldDigests(wanted);
  const recorded = readRecorded().get(`${rounds} ${primitive}`) ?? digest;
  if (recorded !== digest) {
    failures++;
    console.log(`DIFFERENT ${primitive}: all agree, but not with tests/differential/digests.txt ` +
      `(${recorded})`);
  }
  console.log(`${failures === 0 ? 'equal    ' : 'DIFFERENT'} ${primitive.padEnd(8)} ` +
    `${digest}  ${cells.join(', ')}`);
  return failures;
}

async function show(primitive, round) {
  for (const name of implementationsOf(primitive)) {
    console.log(`# ${name}`);
    process.stdout.write(await execute(command(name, primitive, round, 'show')));
  }
}

/** A wrong bit about once in 256 rounds must be found, in its round and by its name. */
async function control() {
  const rounds = 4 * BLOCK;
  const [want, got] = await Promise.all(['openssl', 'broken'].map(async (name) => new Map(
    parseDigests(await execute(command(name, 'keccak', 0, rounds, BLOCK, 1))))));
  const wrong = [...want.keys()].find((block) => want.get(block) !== got.get(block));
  const { round, outputs } = await findDifference('keccak', 'openssl', 'broken', wrong, BLOCK);
  const shown = await execute(command('openssl', 'keccak', round, 'show'));
  if (outputs.join() !== 'sha3_256' || !shown.startsWith('sha3_256 = 00')) {
    throw new Error(`the control was not found: round ${round}, ${outputs}`);
  }
  console.log(`control   keccak   one wrong bit, found in round ${round}`);
}

async function main(args) {
  if (args[0] === 'show') {
    await show(args[1], Number(args[2]));
    return 0;
  }
  const rounds = /^\d+$/.test(args[0] ?? '') ? Number(args.shift()) : 10_000;
  const primitives = args.length > 0 ? args : Object.keys(plan);
  const unknown = primitives.find((primitive) => plan[primitive] === undefined);
  if (unknown !== undefined || rounds === 0) {
    console.error(unknown === undefined ? 'no rounds' : `no primitive ${unknown}`);
    return 2;
  }
  const processes = Number(process.env.CEPA_PROCESSES ?? 2);
  const begin = Date.now();
  await control();
  const { digests, seconds } = await runShards(shardsOf(primitives, rounds), processes);
  let failures = 0;
  for (const primitive of primitives) {
    failures += await compare(primitive, digests, seconds, rounds) > 0 ? 1 : 0;
  }
  const took = ((Date.now() - begin) / 1000).toFixed(0);
  console.log(`differential: ${rounds} rounds, ${primitives.length} primitives, ${took} s`);
  console.log(`${primitives.length - failures} passed, ${failures} failed`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
