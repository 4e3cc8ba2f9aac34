// Requests to relays written a second time, from chapter 15 of the specification and on primitives
// of other people (noble). The core's vectors have to agree.

import assert from 'node:assert/strict';

import { ed25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2b';

import type { Vector } from '../src/vectors.js';
import { concat } from './reference.js';
import { toHex } from './support.js';

const partMax = 1029;
const digest = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });

function same(vector: Vector, name: string, got: Uint8Array): void {
  assert.equal(toHex(got), toHex(vector.bytes(name)), `${name}, block of line ${vector.line}`);
}

/** Signs what stands before the signature, under a label and with what binds it to a place. */
function signed(label: string, seed: Uint8Array, binding: Uint8Array, body: Uint8Array): Uint8Array {
  const start = Uint8Array.from(Buffer.from(`cepa v1 ${label}\0`, 'latin1'));
  const hash = blake2b(concat(start, binding, body), { dkLen: 64 });
  return concat(body, ed25519.sign(hash, seed));
}

function checkParts(vector: Vector): void {
  const body = new Uint8Array(vector.number('len')).fill(vector.number('fill'));
  const parts = Math.max(1, Math.ceil(body.length / partMax));
  assert.equal(vector.number('parts'), parts);
  for (let part = 0; part < parts; part++) {
    const rest = concat(Uint8Array.of(part, parts),
      body.slice(part * partMax, (part + 1) * partMax));
    same(vector, `request_${part}`,
      digest(concat(vector.bytes('service'), vector.bytes('tag'), rest)));
    same(vector, `answer_${part}`,
      digest(concat(vector.bytes('tag'), vector.bytes('status'), rest)));
  }
}

function checkIntroduction(vector: Vector, binding: Uint8Array): void {
  const seed = vector.bytes('key_seed');
  same(vector, 'introduction', signed('introduction', seed, binding,
    concat(ed25519.getPublicKey(seed), vector.bytes('day'), vector.bytes('per_minute'))));
}

function checkMailbox(vector: Vector, binding: Uint8Array): void {
  const [ownerSeed, writingSeed] = [vector.bytes('owner_seed'), vector.bytes('writing_seed')];
  const head = concat(ed25519.getPublicKey(ownerSeed), vector.bytes('minute'));
  const request = (service: number, seed: Uint8Array, ...rest: Uint8Array[]): Uint8Array =>
    signed('mailbox', seed, concat(binding, Uint8Array.of(service)), concat(head, ...rest));
  const put = request(10, writingSeed, new Uint8Array(16320).fill(vector.number('fill')));
  same(vector, 'put_signature', put.slice(-64));
  same(vector, 'put', digest(put));
  const writing = ed25519.getPublicKey(writingSeed);
  same(vector, 'get', request(11, ownerSeed, writing, vector.bytes('number')));
  same(vector, 'delete', request(12, ownerSeed, vector.bytes('number')));
}

export function checkServices(vector: Vector): void {
  if (vector.has('parts')) {
    checkParts(vector);
    return;
  }
  const binding = concat(vector.bytes('network'), vector.bytes('relay'));
  if (vector.has('introduction')) {
    checkIntroduction(vector, binding);
  } else {
    checkMailbox(vector, binding);
  }
}
