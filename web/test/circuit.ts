// The vectors of circuits and cells: the module and the second implementation both have to give
// them. The keys of the circuit's hops come first in the file; the cells that follow use them.

import assert from 'node:assert/strict';

import type { Onion } from '../src/onion.js';
import type { Primitives } from '../src/primitives.js';
import type { Vector } from '../src/vectors.js';
import {
  circuitKeys, concat, counterBytes, encodeCell, hpolycDecrypt, hpolycEncrypt, renewKeys,
} from './reference.js';

const DATA = 1;

const seeds: Uint8Array[] = [];

function keysOf(vector: Vector): Uint8Array {
  return concat(...['chain', 'forward', 'backward', 'confirm'].map((name) => vector.bytes(name)));
}

function checkKeys(vector: Vector, onion: Onion): void {
  const seed = vector.bytes('seed');
  const numbers = ['forward_start', 'forward_offset', 'backward_start', 'backward_offset'];
  const want = concat(keysOf(vector), ...numbers.map((name) => vector.bytes(name)));
  assert.deepEqual(onion.circuitKeys(seed), want);
  const keys = circuitKeys(seed);
  assert.deepEqual(concat(
    keys.chain, keys.forward, keys.backward, keys.confirm, counterBytes(keys.forwardStart),
    counterBytes(keys.forwardOffset), counterBytes(keys.backwardStart),
    counterBytes(keys.backwardOffset)), want);
  seeds.push(seed);
}

function checkRenewal(vector: Vector, onion: Onion): void {
  const inputs = ['old_chain', 'secret', 'offer', 'ciphertext'].map((name) => vector.bytes(name));
  const [chain, secret, offer, ciphertext] = inputs as [
    Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const want = keysOf(vector);
  assert.deepEqual(onion.circuitRenew(chain, secret, offer, ciphertext), want);
  const keys = renewKeys(chain, secret, offer, ciphertext);
  assert.deepEqual(concat(keys.chain, keys.forward, keys.backward, keys.confirm), want);
}

function checkForward(vector: Vector, onion: Onion): void {
  const to = vector.number('to');
  const keys = seeds.map(circuitKeys);
  // The origin's side: layers from the addressed hop to the first.
  let body = encodeCell(DATA, vector.bytes('data'));
  assert.deepEqual(body, vector.bytes('plain'));
  for (let hop = to; hop >= 0; hop--) {
    body = hpolycEncrypt(keys[hop]!.forward, vector.bytes(`counter_${hop}`), body);
    assert.deepEqual(body, vector.bytes(`body_${hop}`), `hop ${hop}, line ${vector.line}`);
  }
  // The relays' side.
  for (let hop = 0; hop <= to; hop++) {
    onion.circuitInit(seeds[hop]!, hop + 1 === seeds.length);
    const counter = vector.bytes(`counter_${hop}`);
    const step = onion.circuitForward({ counter, body: vector.bytes(`body_${hop}`) });
    assert.equal(step.isMine, hop === to);
    if (step.isMine) {
      assert.equal(step.command, DATA);
      assert.deepEqual(step.data, vector.bytes('data'));
      assert.deepEqual(step.cell.body, vector.bytes('plain'));
    } else {
      assert.deepEqual(step.cell.counter, vector.bytes(`counter_${hop + 1}`));
      assert.deepEqual(step.cell.body, vector.bytes(`body_${hop + 1}`));
    }
  }
}

function checkBackward(vector: Vector, onion: Onion): void {
  const from = vector.number('from');
  const keys = seeds.map(circuitKeys);
  let body = encodeCell(DATA, vector.bytes('data'));
  for (let hop = from; hop >= 0; hop--) {
    // Each hop's layer is under the counter with which the cell comes to it.
    const counter = vector.bytes(`counter_${Math.min(hop + 1, from)}`);
    body = hpolycEncrypt(keys[hop]!.backward, counter, body);
    assert.deepEqual(body, vector.bytes(`body_${hop}`), `hop ${hop}, line ${vector.line}`);
  }
  for (let hop = 0; hop <= from; hop++) {
    const counter = vector.bytes(`counter_${Math.min(hop + 1, from)}`);
    body = hpolycDecrypt(keys[hop]!.backward, counter, body);
  }
  assert.deepEqual(body, encodeCell(DATA, vector.bytes('data')));
  for (let hop = from - 1; hop >= 0; hop--) {
    onion.circuitInit(seeds[hop]!, false);
    const cell = onion.circuitBackward({
      counter: vector.bytes(`counter_${hop + 1}`), body: vector.bytes(`body_${hop + 1}`),
    });
    assert.deepEqual(cell.counter, vector.bytes(`counter_${hop}`));
    assert.deepEqual(cell.body, vector.bytes(`body_${hop}`));
  }
}

export function checkCircuit(_: Primitives, vector: Vector, onion: Onion): void {
  if (vector.has('seed')) {
    checkKeys(vector, onion);
  } else if (vector.has('to')) {
    checkForward(vector, onion);
  } else if (vector.has('from')) {
    checkBackward(vector, onion);
  } else {
    checkRenewal(vector, onion);
  }
}
