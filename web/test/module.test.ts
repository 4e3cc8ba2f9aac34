// What the module is made of: its imports, its size, and what it does when something goes wrong.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { CoreError, CorePanic, loadCore } from '../src/node.js';
import { Primitives } from '../src/primitives.js';
import { moduleBytes, projectRoot } from './support.js';

const SIZE_MAX = 176 * 1024;
const GZIP_SIZE_MAX = 84 * 1024;

test('the module imports randomness and nothing else', () => {
  assert.deepEqual(
    WebAssembly.Module.imports(new WebAssembly.Module(moduleBytes)),
    [{ module: 'env', name: 'random', kind: 'function' }]);
});

test('the module exports one memory and functions only', () => {
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(moduleBytes));
  assert.deepEqual(exports.filter(({ kind }) => kind !== 'function'),
    [{ name: 'memory', kind: 'memory' }]);
  // A module with _start is a program that runs once; ours is a library.
  assert.ok(!exports.some(({ name }) => name === '_start'));
});

test(`the module has at most ${SIZE_MAX} bytes, ${GZIP_SIZE_MAX} compressed`, (t) => {
  const compressed = gzipSync(moduleBytes, { level: 9 }).length;
  t.diagnostic(`${moduleBytes.length} bytes, ${compressed} compressed`);
  assert.ok(moduleBytes.length <= SIZE_MAX);
  assert.ok(compressed <= GZIP_SIZE_MAX);
});

test('the module names no path of the machine that built it', () => {
  assert.ok(!moduleBytes.includes(fileURLToPath(projectRoot)));
});

test('an error of the core arrives with its name', async () => {
  const primitives = new Primitives(await loadCore());
  assert.throws(
    () => primitives.x25519(new Uint8Array(32), new Uint8Array(32)),
    (error) => error instanceof CoreError && error.name === 'CEPA_ERR_LOW_ORDER_POINT' &&
      error.code === -7 && error.message.length > 0);
});

test('a broken fact arrives with its place', async () => {
  const primitives = new Primitives(await loadCore());
  assert.throws(
    () => primitives.blake2b(65, new Uint8Array()),
    (error) => error instanceof CorePanic && /^src\/crypto\/hash\.c:\d+: /.test(error.message));
});

test('inputs of a wrong length never reach the module', async () => {
  const primitives = new Primitives(await loadCore());
  assert.throws(() => primitives.x25519Base(new Uint8Array(31)), RangeError);
  assert.throws(() => primitives.hpolycEncrypt(new Uint8Array(15), new Uint8Array(), new Uint8Array(32)),
    RangeError);
  assert.throws(() => primitives.sha3_256(new Uint8Array(300000)), RangeError);
});

test('nothing stays in the arena after a call', async () => {
  const core = await loadCore();
  const primitives = new Primitives(core);
  primitives.x25519Base(new Uint8Array(32).fill(0x55));
  try {
    primitives.x25519(new Uint8Array(32).fill(0x55), new Uint8Array(32));
  } catch {
    // The point is of low order.
  }
  const arena = core.arena.view(core.exports.arena(), core.exports.arena_len());
  assert.ok(arena.every((byte) => byte === 0));
});
