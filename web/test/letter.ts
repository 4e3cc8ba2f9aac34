// Letters and the keys of mailboxes, written a second time from chapters 14 and 16 of the
// specification. The core's vectors have to agree.

import assert from 'node:assert/strict';

import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { ed25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2b';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa';

import type { Primitives } from '../src/primitives.js';
import type { Vector } from '../src/vectors.js';
import { blind } from './keys.js';
import { be32, concat, kdf, xwingEncapsulate, xwingKey } from './reference.js';
import { toHex } from './support.js';

const zeros = (len: number): Uint8Array => new Uint8Array(len);
const label = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const hash = (text: string, ...parts: Uint8Array[]): Uint8Array =>
  blake2b(concat(label(`cepa v1 ${text}\0`), ...parts), { dkLen: 32 });

/** What stands in a letter about its sender: 6,577 bytes. */
function senderPart(core: Primitives, vector: Vector, transcript: Uint8Array): Uint8Array {
  const secret = vector.bytes('sender_secret');
  const signature = vector.bytes('pq_signature');
  if (secret.length === 0) {
    return zeros(4 + 3200 + 64 + 3309);
  }
  const [seed, mldsaSeed, xwingSeed] =
    kdf('identity', [secret], [32, 32, 32]) as [Uint8Array, Uint8Array, Uint8Array];
  const mldsa = ml_dsa65.keygen(mldsaSeed).publicKey;
  const xwing = xwingKey(xwingSeed).publicKey;
  const signing = ed25519.getPublicKey(seed);
  const tail = blake2b(concat(label('cepa v1 address\0'), mldsa, xwing), { dkLen: 16 });
  const digest = blake2b(
    concat(label('cepa v1 letter sender\0'), transcript, signing, tail), { dkLen: 64 });
  core.mldsaVerify(signature, mldsa, digest, label('cepa v1 letter sender'));
  const day = blind(seed, vector.number('day'), concat(vector.bytes('network'), tail), digest);
  return concat(vector.bytes('day'), signing, mldsa, xwing, day.signature, signature);
}

export function checkLetter(core: Primitives, vector: Vector): void {
  const bytes = (name: string): Uint8Array => vector.bytes(name);
  const same = (name: string, got: Uint8Array): void =>
    assert.equal(toHex(got), toHex(bytes(name)), `${name}, block of line ${vector.line}`);
  const identity = xwingKey(bytes('identity_seed')).publicKey;
  const prekey = xwingKey(bytes('prekey_seed')).publicKey;
  const first = xwingEncapsulate(identity, bytes('seal_randomness').slice(0, 64));
  const second = xwingEncapsulate(prekey, bytes('seal_randomness').slice(64));
  const prologue = hash('session prologue', Uint8Array.of(1, 3), bytes('network'),
    bytes('address'), identity);
  const outerAd = hash('session transcript', prologue, first.ciphertext);
  const [chain, outerKey] =
    kdf('session knock', [zeros(32), first.secret, outerAd], [32, 32]) as [Uint8Array, Uint8Array];
  const innerAd = hash('session transcript', outerAd, bytes('prekey_id'), second.ciphertext, prekey);
  const [, innerKey] =
    kdf('session prekey', [chain, second.secret, innerAd], [32, 32]) as [Uint8Array, Uint8Array];
  const body = bytes('body');
  const flags = Uint8Array.of(bytes('sender_secret').length > 0 ? 1 : 0, 0);
  const contents = concat(flags, be32(body.length).slice(2), bytes('letter_id'),
    senderPart(core, vector, innerAd), body, zeros(7431 - body.length));
  const inner = chacha20poly1305(innerKey, zeros(12), innerAd).encrypt(contents);
  const outer = chacha20poly1305(outerKey, zeros(12), outerAd)
    .encrypt(concat(bytes('prekey_id'), second.ciphertext, inner));
  const letter = concat(Uint8Array.of(1), zeros(11), first.ciphertext, outer);
  assert.equal(letter.length, 16320);
  same('letter_digest', blake2b(letter, { dkLen: 32 }));

  const [owner, writing] = kdf('mailbox',
    [bytes('mailbox_secret'), bytes('network'), bytes('relay'), bytes('nonce')], [32, 32]);
  same('mailbox', ed25519.getPublicKey(owner!));
  same('write_seed', writing!);
}
