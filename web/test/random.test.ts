// Pitfall 11: randomness that fails, or is asked for before it is there, gives an error and no
// bytes; it never gives bytes that are not random.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import test from 'node:test';

import { Core, CoreError } from '../src/node.js';
import type { ModuleExports } from '../src/exports.js';
import { moduleBytes } from './support.js';

const module = new WebAssembly.Module(moduleBytes);
const good = (bytes: Uint8Array): void => void randomFillSync(bytes);

function isRandomError(error: unknown): boolean {
  return error instanceof CoreError && error.name === 'CEPA_ERR_RANDOM';
}

test('before the module is seeded every draw is an error', async () => {
  let calls = 0;
  const random = (address: number, len: number): number => {
    calls++;
    good(new Uint8Array(exports.memory.buffer, address, len));
    return 0;
  };
  const instance = await WebAssembly.instantiate(module, { env: { random } });
  const exports = instance.exports as unknown as ModuleExports;
  const bytes = exports.arena();
  const view = new Uint8Array(exports.memory.buffer, bytes, 32).fill(0xaa);
  assert.equal(exports.draw(bytes, 32), -20);
  assert.equal(calls, 0);
  assert.ok(view.every((byte) => byte === 0));
  assert.equal(exports.init(), 0);
  assert.equal(exports.draw(bytes, 32), 0);
  assert.ok(view.some((byte) => byte !== 0));
});

test('a source that throws makes no core', async () => {
  await assert.rejects(Core.create(module, () => {
    throw new Error('no entropy');
  }), isRandomError);
});

test('a source that writes nothing makes no core', async () => {
  await assert.rejects(Core.create(module, () => {}), isRandomError);
});

test('a source that repeats itself makes no core', async () => {
  await assert.rejects(Core.create(module, (bytes) => void bytes.fill(7)), isRandomError);
});

test('every draw may fail, and the next may succeed again', async () => {
  for (let failing = 0; failing < 5; failing++) {
    let draws = -2;
    const core = await Core.create(module, (bytes) => {
      if (draws++ === failing) {
        throw new Error('no entropy');
      }
      good(bytes);
    });
    for (let draw = 0; draw < 5; draw++) {
      if (draw === failing) {
        assert.throws(() => core.draw(32), isRandomError);
      } else {
        assert.ok(core.draw(32).some((byte) => byte !== 0));
      }
    }
  }
});

test('a source that falls silent later gives an error, not zeros', async () => {
  let silent = false;
  const core = await Core.create(module, (bytes) => {
    if (!silent) {
      good(bytes);
    }
  });
  core.draw(32);
  silent = true;
  assert.throws(() => core.draw(32), isRandomError);
});

test('draws differ', async () => {
  const core = await Core.create(module, good);
  const seen = new Set(Array.from({ length: 100 }, () => core.draw(16).toString()));
  assert.equal(seen.size, 100);
});
