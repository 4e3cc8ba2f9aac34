// The handshake of links, the proof of a carrier and the keys of frames, written a second time from
// chapter 7 of the specification. The core's vectors have to agree.

import assert from 'node:assert/strict';

import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { blake2b } from '@noble/hashes/blake2b';

import type { Vector } from '../src/vectors.js';
import { concat, kdf, xwingDecapsulate, xwingKey } from './reference.js';

const CIPHERTEXT = 1120;
const CLEAR = 18 + 1120 + 1216;
const PARAMETERS = 24;

const zeros = (len: number): Uint8Array => new Uint8Array(len);
const hash = (label: string, ...parts: Uint8Array[]): Uint8Array => blake2b(
  concat(Uint8Array.from(Buffer.from(`cepa v1 ${label}\0`, 'latin1')), ...parts), { dkLen: 32 });
const mix = (transcript: Uint8Array, said: Uint8Array): Uint8Array =>
  hash('link transcript', transcript, said);

function open(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, sealed: Uint8Array): Uint8Array {
  return chacha20poly1305(key, nonce, ad).decrypt(sealed);
}

function checkFrame(vector: Vector, name: string, key: Uint8Array): void {
  const frame = vector.bytes(name);
  const nonce = concat(zeros(4), frame.slice(0, 8));
  assert.deepEqual(open(key, nonce, zeros(0), frame.slice(8)), zeros(frame.length - 24));
}

export function checkLink(vector: Vector): void {
  const [first, second] = [vector.bytes('first'), vector.bytes('second')];
  const isRelay = vector.has('credentials');
  const link = xwingKey(vector.bytes('link_seed'));
  const fresh = xwingKey(vector.bytes('fresh_seed'));
  const key32 = [32, 32];

  // What both know, and the first message.
  const t0 = hash('link prologue', Uint8Array.of(1), vector.bytes('network'), vector.bytes('kind'),
    vector.bytes('binding'), vector.bytes('responder'), link.publicKey);
  assert.deepEqual(first.slice(0, 18), concat(Uint8Array.of(1, 0),
    vector.bytes('network').slice(0, 8), hash('link key', link.publicKey).slice(0, 8)));
  assert.deepEqual(first.slice(18 + CIPHERTEXT, CLEAR), fresh.publicKey);
  const t1 = mix(t0, first.slice(0, CLEAR));
  const ss1 = xwingDecapsulate(link, first.slice(18, 18 + CIPHERTEXT));
  const [chain1, key1] = kdf('link first', [zeros(32), ss1, t1], key32);
  const rest1 = open(key1!, zeros(12), t1, first.slice(CLEAR));
  assert.deepEqual(rest1.slice(0, PARAMETERS), vector.bytes('initiator_parameters'));
  assert.deepEqual(rest1.slice(PARAMETERS), isRelay ? vector.bytes('credentials') : zeros(0));
  const t2 = mix(t1, first.slice(CLEAR));

  // The second message.
  const t3 = mix(t2, second.slice(0, CIPHERTEXT));
  const ss2 = xwingDecapsulate(fresh, second.slice(0, CIPHERTEXT));
  const [chain2, key2] = kdf('link second', [chain1!, ss2, t3], key32);
  const rest2 = open(key2!, zeros(12), t3, second.slice(CIPHERTEXT));
  assert.deepEqual(rest2.slice(-PARAMETERS), vector.bytes('responder_parameters'));
  assert.equal(rest2.length, PARAMETERS + (isRelay ? CIPHERTEXT : 0));
  const t4 = mix(t3, second.slice(CIPHERTEXT));
  const ss3 = isRelay
    ? xwingDecapsulate(xwingKey(vector.bytes('initiator_seed')), rest2.slice(0, CIPHERTEXT))
    : zeros(0);

  // What comes out.
  const [initiator, responder, proof] = kdf('link keys', [chain2!, ss3, t4], [32, 32, 32]);
  assert.deepEqual(initiator, vector.bytes('from_initiator'));
  assert.deepEqual(responder, vector.bytes('from_responder'));
  assert.deepEqual(proof, vector.bytes('proof_key'));
  const proven = kdf('link carrier', [proof!, Uint8Array.of(1), Uint8Array.of(2),
    vector.bytes('binding'), vector.bytes('nonce')], [32])[0];
  assert.deepEqual(proven, vector.bytes('proof'));
  const [next, frameKey] = kdf('link frame', [initiator!], key32);
  checkFrame(vector, 'frame_0', frameKey!);
  checkFrame(vector, 'frame_1048576', kdf('link frame', [next!], key32)[1]!);
}
