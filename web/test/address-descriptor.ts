// Descriptors of addresses written a second time, from chapter 14 of the specification: whoever has
// the address computes the day's key and positions, and opens and checks what lies there.

import assert from 'node:assert/strict';

import { ed25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2b';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa';

import type { Primitives } from '../src/primitives.js';
import type { Vector } from '../src/vectors.js';
import { blind } from './keys.js';
import { concat, kdf, xwingKey } from './reference.js';
import { toHex } from './support.js';

const [headSize, signatureSize, tagSize, pqSignatureSize] = [64, 64, 16, 3309];
const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const hash = (len: number, label: string, ...parts: Uint8Array[]): Uint8Array =>
  blake2b(concat(ascii(`cepa v1 ${label}\0`), ...parts), { dkLen: len });

/** The address of a secret, and the public keys behind it. */
function identity(secret: Uint8Array): { seed: Uint8Array; address: Uint8Array; keys: Uint8Array } {
  const [seed, mldsaSeed, xwingSeed] =
    kdf('identity', [secret], [32, 32, 32]) as [Uint8Array, Uint8Array, Uint8Array];
  const signing = ed25519.getPublicKey(seed);
  const others = concat(ml_dsa65.keygen(mldsaSeed).publicKey, xwingKey(xwingSeed).publicKey);
  const address = concat(signing, hash(16, 'address', others));
  return { seed, address, keys: concat(signing, others) };
}

export function checkAddressDescriptor(core: Primitives, vector: Vector): void {
  const same = (name: string, got: Uint8Array): void =>
    assert.equal(toHex(got), toHex(vector.bytes(name)), `${name}, block of line ${vector.line}`);
  const [network, dayBytes, descriptor] =
    [vector.bytes('network'), vector.bytes('day'), vector.bytes('descriptor')];
  const { seed, address, keys } = identity(vector.bytes('secret'));
  same('address', address);
  const context = concat(network, address.slice(32));
  const { dayKey } = blind(seed, vector.number('day'), context, new Uint8Array());
  same('blinded_key', dayKey);
  for (const r of [0, 1]) {
    same(`position_${r}`, hash(32, 'descriptor position', dayKey, dayBytes, Uint8Array.of(r)));
  }
  same('prekey_name', hash(8, 'prekey', vector.bytes('prekey')));

  assert.equal(descriptor.length, 16384);
  const head = descriptor.slice(0, headSize);
  const salt = head.slice(48);
  assert.deepEqual(head, concat(
    Uint8Array.of(1, 0, 0, 0), dayBytes, vector.bytes('sequence'), dayKey, salt));
  const signed = descriptor.slice(0, -signatureSize);
  const digest = hash(64, 'address descriptor', network, signed);
  assert.ok(ed25519.verify(descriptor.slice(-signatureSize), digest, dayKey));

  const [key] = kdf('address descriptor', [address, network, head], [32]) as [Uint8Array];
  const plain = core.aeadOpen(
    signed.slice(headSize, -tagSize), signed.slice(-tagSize), head, new Uint8Array(12), key);
  assert.equal(plain.length, 16240);
  const said = plain.slice(0, -pqSignatureSize);
  const fields = concat(Uint8Array.of(1), ...['flags', 'points_count', 'places_count'].map(
    (name) => vector.bytes(name)), keys, vector.bytes('prekey'), vector.bytes('points'),
  vector.bytes('places'));
  assert.deepEqual(said, concat(fields, new Uint8Array(said.length - fields.length)));
  core.mldsaVerify(plain.slice(-pqSignatureSize), keys.slice(32, 32 + 1952),
    hash(64, 'address contents', network, head, said), ascii('cepa v1 address contents'));
}
