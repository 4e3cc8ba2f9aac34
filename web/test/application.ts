// What the streams of applications carry, written a second time from chapter 17 of the
// specification and on primitives of other people (noble). The core's vectors have to agree.

import assert from 'node:assert/strict';

import { blake2b } from '@noble/hashes/blake2b';

import type { Vector } from '../src/vectors.js';
import { concat, equal } from './reference.js';
import { toHex } from './support.js';

const digest = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });

function same(vector: Vector, name: string, got: Uint8Array): void {
  assert.equal(toHex(got), toHex(vector.bytes(name)), `${name}, block of line ${vector.line}`);
}

function bytes(number: number | bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) =>
    Number((BigInt(number) >> BigInt(8 * (size - 1 - i))) & 255n));
}

function header(kind: number, ...body: Uint8Array[]): Uint8Array {
  const whole = concat(...body);
  return concat(Uint8Array.of(kind), bytes(whole.length, 2), whole);
}

function named(name: Uint8Array): Uint8Array {
  return concat(bytes(name.length, 1), name);
}

/** Whether bytes are a name of a file. */
function isName(name: Uint8Array): boolean {
  const bad = /[\0-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff/]/;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
    return name.length > 0 && text !== '.' && text !== '..' && !bad.test(text);
  } catch {
    return false;
  }
}

/** All that is not right about a refused header is the name of its file. */
function checkRefused(refused: Uint8Array): void {
  assert.ok(!isName(refused.slice(39)));
  assert.equal(toHex(refused), toHex(header(2, new Uint8Array(35), named(refused.slice(39)))));
}

function checkTransfer(vector: Vector): void {
  const [file, stored] = [vector.bytes('file'), vector.bytes('stored')];
  same(vector, 'answer', concat(Uint8Array.of(0), bytes(stored.length, 8), digest(stored)));
  const isBeginning = equal(digest(stored), digest(file.slice(0, stored.length)));
  const from = isBeginning ? stored.length : 0;
  same(vector, 'sent', concat(bytes(from, 8), file.slice(from), digest(file)));
  same(vector, 'result', Uint8Array.of(0));
}

export function checkApplication(vector: Vector): void {
  if (vector.has('refused')) {
    checkRefused(vector.bytes('refused'));
  } else if (vector.has('file')) {
    checkTransfer(vector);
  } else if (vector.has('id')) {
    same(vector, 'header',
      header(1, vector.bytes('id'), vector.bytes('time'), vector.bytes('type')));
  } else if (vector.has('service')) {
    same(vector, 'header', header(3, named(vector.bytes('service'))));
  } else {
    assert.ok(isName(vector.bytes('name')));
    same(vector, 'header', header(2, vector.bytes('transfer'), vector.bytes('size'),
      vector.bytes('modified'), vector.bytes('mode'), vector.bytes('flags'),
      named(vector.bytes('name'))));
  }
}
