// Identities and addresses written a second time, from chapter 14 of the specification and on
// primitives of other people (noble). The core's vectors have to agree.

import assert from 'node:assert/strict';

import { ed25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2b';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa';

import type { Vector } from '../src/vectors.js';
import { concat, kdf, xwingKey } from './reference.js';
import { toHex } from './support.js';

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const bech32m = 0x2bc830a3;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const digest = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });

function polymod(symbols: number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  return symbols.reduce((checksum, symbol) => {
    const top = checksum >>> 25;
    const next = ((checksum & 0x1ffffff) << 5) ^ symbol;
    return generator.reduce((sum, part, i) => ((top >>> i) & 1 ? sum ^ part : sum), next);
  }, 1);
}

const human = [...Buffer.from('cepa')];
const begin = [...human.map((c) => c >> 5), 0, ...human.map((c) => c & 31)];

/** Bech32m of a version and bytes, behind "cepa1". */
function symbols(version: number, bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const data = [version];
  for (let at = 0; at < bits.length; at += 5) {
    data.push(Number.parseInt(bits.slice(at, at + 5).padEnd(5, '0'), 2));
  }
  const checksum = polymod([...begin, ...data, 0, 0, 0, 0, 0, 0]) ^ bech32m;
  for (let i = 5; i >= 0; i--) {
    data.push((checksum >>> (5 * i)) & 31);
  }
  return data.map((symbol) => alphabet[symbol]).join('');
}

/** Whether a text becomes right when the characters at these places are others. */
function isExplained(mistyped: string, places: number[]): boolean {
  const data = [...mistyped.slice(5)].map((c) => alphabet.indexOf(c));
  const [first, second] = places.map((place) => place - 5) as [number, number];
  for (let a = 0; a < 32; a++) {
    for (let b = 0; b < 32; b++) {
      data[first] = a;
      data[second] = b;
      if (polymod([...begin, ...data]) === bech32m) {
        return true;
      }
    }
  }
  return false;
}

export function checkAddress(vector: Vector): void {
  const same = (name: string, got: Uint8Array): void =>
    assert.equal(toHex(got), toHex(vector.bytes(name)), `${name}, block of line ${vector.line}`);
  const [seed, mldsaSeed, xwingSeed, mailbox] =
    kdf('identity', [vector.bytes('secret')], [32, 32, 32, 32]) as
      [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const signing = ed25519.getPublicKey(seed);
  const mldsa = ml_dsa65.keygen(mldsaSeed).publicKey;
  const xwing = xwingKey(xwingSeed).publicKey;
  same('ed25519', signing);
  same('mldsa_digest', digest(mldsa));
  same('xwing_digest', digest(xwing));
  same('public_digest', digest(concat(signing, mldsa, xwing)));
  same('mailbox', mailbox);
  const label = Uint8Array.from(Buffer.from('cepa v1 address\0', 'latin1'));
  const address = concat(signing, blake2b(concat(label, mldsa, xwing), { dkLen: 16 }));
  same('address', address);
  const behind = symbols(0, address);
  assert.equal(text(vector.bytes('text')), `cepa1${behind}`);
  assert.equal(text(vector.bytes('host')), `${behind.slice(0, 63)}.${behind.slice(63)}.cepa`);
  const places = [vector.number('slip_0'), vector.number('slip_1')];
  const mistyped = text(vector.bytes('mistyped'));
  const differing = [...mistyped].flatMap((c, i) => (c === `cepa1${behind}`[i] ? [] : [i]));
  assert.deepEqual(differing, places);
  assert.ok(isExplained(mistyped, places));
}
