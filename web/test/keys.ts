// Blinded keys, seed chains and Merkle trees written a second time, from sections 3.7 to 3.9 of the
// specification and on primitives of other people (noble). The vectors are made with this, and the
// core has to agree.

import assert from 'node:assert/strict';

import { ed25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2b';
import { sha512 } from '@noble/hashes/sha2';
import { shake256 } from '@noble/hashes/sha3';

import type { Vector } from '../src/vectors.js';
import { be32, concat, equal, kdf } from './reference.js';

const { Point, CURVE } = ed25519;

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

function scalarBytes(scalar: bigint): Uint8Array {
  return Uint8Array.from(
    Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse());
}

function clamp(bytes: Uint8Array): bigint {
  const clamped = Uint8Array.from(bytes);
  clamped[0]! &= 248;
  clamped[31]! = (clamped[31]! & 127) | 64;
  return littleEndian(clamped) % CURVE.n;
}

const hashToScalar = (...parts: Uint8Array[]): bigint =>
  littleEndian(sha512(concat(...parts))) % CURVE.n;

export interface Blinded {
  publicKey: Uint8Array;
  dayKey: Uint8Array;
  signature: Uint8Array;
}

/** The key of `seed`, its key of one day, and that key's signature of `message`. */
export function blind(
  seed: Uint8Array, day: number, context: Uint8Array, message: Uint8Array,
): Blinded {
  const publicKey = ed25519.getPublicKey(seed);
  const expanded = sha512(seed);
  const inputs = (first: Uint8Array): Uint8Array[] => [first, be32(day), context];
  const factor = clamp(kdf('ed25519 blinding factor', inputs(publicKey), [32])[0]!);
  const scalar = (factor * clamp(expanded.slice(0, 32))) % CURVE.n;
  const dayKey = Point.BASE.multiply(scalar).toBytes();
  assert.ok(equal(dayKey, Point.fromHex(publicKey).multiply(factor).toBytes()));
  const prefix = kdf('ed25519 blinded nonce', inputs(expanded.slice(32)), [32])[0]!;
  const nonce = hashToScalar(prefix, message);
  const r = Point.BASE.multiply(nonce).toBytes();
  const s = (nonce + hashToScalar(r, dayKey, message) * scalar) % CURVE.n;
  return { publicKey, dayKey, signature: concat(r, scalarBytes(s)) };
}

/** The seeds of one chain of a day, in order. */
export function chainSeeds(
  purpose: number, day: number, count: number, root: Uint8Array,
): Uint8Array[] {
  let [state] = kdf('onion seed chain start', [Uint8Array.of(purpose), be32(day), root], [32]);
  return Array.from({ length: count }, () => {
    const [seed, next] = kdf('onion seed chain step', [state!], [32, 32]);
    state = next;
    return seed!;
  });
}

/** The public keys that the vectors' trees are made of: key i is SHAKE256(seed || i). */
export function treeKeys(seed: Uint8Array): Uint8Array[] {
  return Array.from({ length: 32 }, (_, i) => shake256(concat(seed, be32(i)), { dkLen: 1216 }));
}

const hash = (...parts: Uint8Array[]): Uint8Array => blake2b(concat(...parts), { dkLen: 32 });

/** The root of a day's keys, and the path of each. */
export function tree(day: number, keys: Uint8Array[]): { root: Uint8Array; paths: Uint8Array[] } {
  let level = keys.map((key, i) => hash(ascii('cepa v1 key leaf\0'), be32(day), be32(i), key));
  const paths: Uint8Array[][] = keys.map(() => []);
  for (let height = 0; level.length > 1; height++) {
    const nodes = level;
    paths.forEach((path, i) => path.push(nodes[(i >> height) ^ 1]!));
    level = Array.from({ length: nodes.length / 2 }, (_, i) =>
      hash(ascii('cepa v1 key node\0'), nodes[2 * i]!, nodes[2 * i + 1]!));
  }
  return { root: level[0]!, paths: paths.map((path) => concat(...path)) };
}

export function checkBlinding(vector: Vector): void {
  const got = blind(
    vector.bytes('seed'), vector.number('day'), vector.bytes('context'), vector.bytes('message'));
  assert.deepEqual(got.publicKey, vector.bytes('public_key'));
  assert.deepEqual(got.dayKey, vector.bytes('day_key'));
  assert.deepEqual(got.signature, vector.bytes('signature'));
  assert.ok(ed25519.verify(got.signature, vector.bytes('message'), got.dayKey));
}

export function checkChain(vector: Vector): void {
  const seeds = chainSeeds(
    vector.number('purpose'), vector.number('day'), vector.number('count'), vector.bytes('root'));
  assert.deepEqual(concat(...seeds), vector.bytes('seeds'));
}

export function checkTree(vector: Vector): void {
  const got = tree(vector.number('day'), treeKeys(vector.bytes('seed')));
  assert.deepEqual(got.root, vector.bytes('root'));
  assert.deepEqual(got.paths[vector.number('index')], vector.bytes('path'));
}
