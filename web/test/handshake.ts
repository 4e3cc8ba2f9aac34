// The handshake of sessions, the keys of their packets, proofs, meetings and resumptions, written a
// second time from chapter 16 of the specification. The core's vectors have to agree.

import assert from 'node:assert/strict';

import { chacha20poly1305 } from '@noble/ciphers/chacha';
import { blake2b } from '@noble/hashes/blake2b';

import type { Vector } from '../src/vectors.js';
import { be32, concat, kdf, xwingEncapsulate, xwingKey } from './reference.js';
import { toHex } from './support.js';

const zeros = (len: number): Uint8Array => new Uint8Array(len);
const digest = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });
const hash = (label: string, ...parts: Uint8Array[]): Uint8Array =>
  digest(concat(Uint8Array.from(Buffer.from(`cepa v1 ${label}\0`, 'latin1')), ...parts));
const say = (transcript: Uint8Array, ...said: Uint8Array[]): Uint8Array =>
  hash('session transcript', transcript, ...said);
const pad = (bytes: Uint8Array, len: number): Uint8Array => concat(bytes, zeros(len - bytes.length));

/** Transcript and chain. */
interface Schedule { transcript: Uint8Array; chain: Uint8Array }

/** Takes a secret into the chain, and gives what is derived with it: a key, and more. */
function agree(label: string, at: Schedule, secret: Uint8Array, ...more: number[]): Uint8Array[] {
  const [chain, ...rest] = kdf(label, [at.chain, secret, at.transcript], [32, 32, ...more]);
  at.chain = chain!;
  return rest;
}

/** Seals, bound to what was said so far, and says what was sealed. */
function seal(at: Schedule, key: Uint8Array, plain: Uint8Array): Uint8Array {
  const sealed = chacha20poly1305(key, zeros(12), at.transcript).encrypt(plain);
  at.transcript = say(at.transcript, plain);
  return sealed;
}

function answer(at: Schedule, fresh: Uint8Array, randomness: Uint8Array, terms: Uint8Array):
  { bytes: Uint8Array; secrets: Uint8Array[] } {
  const made = xwingEncapsulate(fresh, randomness);
  at.transcript = say(at.transcript, made.ciphertext);
  const [key] = agree('session answer', at, made.secret);
  const bytes = concat(made.ciphertext, seal(at, key!, pad(terms, 920)));
  return { bytes, secrets: kdf('session secrets', [at.chain, at.transcript], [32, 32, 32, 32, 16]) };
}

function packet(root: Uint8Array, direction: number, generation: number, number: bigint):
  Uint8Array {
  const [key] = kdf('session path', [root, concat(be32(3), Uint8Array.of(direction))], [32]);
  const field = new Uint8Array(8);
  new DataView(field.buffer).setBigUint64(0, (BigInt(generation) << 61n) | number);
  const sealed = chacha20poly1305(key!, concat(zeros(4), field)).encrypt(zeros(1012));
  return concat(field, sealed);
}

export function checkHandshake(vector: Vector): void {
  const bytes = (name: string): Uint8Array => vector.bytes(name);
  const same = (name: string, got: Uint8Array): void =>
    assert.equal(toHex(got), toHex(bytes(name)), `${name}, block of line ${vector.line}`);
  const identity = xwingKey(bytes('identity_seed')).publicKey;
  const prekey = xwingKey(bytes('prekey_seed')).publicKey;
  const drawn = bytes('knock_randomness');
  const fresh = xwingKey(drawn.slice(0, 32)).publicKey;

  // A knock.
  const at = { chain: zeros(32), transcript: hash('session prologue', Uint8Array.of(1, 1),
    bytes('network'), bytes('address'), identity) };
  const first = xwingEncapsulate(identity, drawn.slice(32, 96));
  const second = xwingEncapsulate(prekey, drawn.slice(96));
  at.transcript = say(at.transcript, first.ciphertext);
  const [outerKey] = agree('session knock', at, first.secret);
  const outerAd = at.transcript;
  at.transcript = say(at.transcript, bytes('prekey_id'), second.ciphertext, prekey);
  const [innerKey, tag] = agree('session prekey', at, second.secret, 16);
  const greeting = bytes('greeting');
  const inner = seal(at, innerKey!, pad(concat(fresh, bytes('relay'), bytes('cookie'),
    bytes('time'), bytes('named'), bytes('paths'), Uint8Array.of(greeting.length), greeting), 1548));
  const outer = chacha20poly1305(outerKey!, zeros(12), outerAd)
    .encrypt(concat(bytes('prekey_id'), second.ciphertext, inner));
  same('knock_digest', digest(concat(Uint8Array.of(1), zeros(11), first.ciphertext, outer)));
  same('tag', tag!);

  // Its answer, and what both have then.
  const terms = concat(Uint8Array.of(1), bytes('admission'), bytes('terms_paths'));
  const met = answer(at, fresh, bytes('answer_randomness'), terms);
  same('answer_digest', digest(met.bytes));
  const [root, meeting, proof, resumption, id] =
    met.secrets as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  same('root', root);
  same('meeting', meeting);
  same('proof', proof);
  same('resumption', resumption);
  same('id', id);

  // Packets and a ratchet.
  same('packet_0', packet(root, 0, 0, 77n));
  same('packet_1', packet(root, 1, 0, 0x0102030405n));
  const offered = xwingKey(bytes('offer_seed')).publicKey;
  const ratchet = xwingEncapsulate(offered, bytes('ratchet_randomness'));
  const [next] = kdf('session ratchet', [root, ratchet.secret, concat(be32(1), offered),
    concat(be32(1), ratchet.ciphertext)], [32]);
  same('next_root', next!);
  same('packet_2', packet(next!, 0, 1, 78n));
  same('packet_3', packet(next!, 1, 1, 0x0102030406n));

  // A proof, a meeting.
  const challenge =
    xwingEncapsulate(xwingKey(bytes('prover_seed')).publicKey, bytes('challenge_randomness'));
  same('proven', kdf('session proof', [challenge.secret, proof, bytes('prover_address'),
    challenge.ciphertext], [32])[0]!);
  const [position, cookie] =
    kdf('session meeting', [meeting, concat(bytes('day'), bytes('number'))], [32, 32]);
  same('position', position!);
  same('meeting_cookie', cookie!);

  // A resumption.
  same('resumption_meeting', kdf('session resumption', [resumption], [32])[0]!);
  const again = bytes('resume_randomness');
  const nonce = again.slice(32);
  const resumed = { chain: zeros(32), transcript: say(
    hash('session prologue', Uint8Array.of(1, 2), bytes('network')), nonce) };
  const [resumeKey] = agree('session resume', resumed, resumption);
  const key = xwingKey(again.slice(0, 32)).publicKey;
  same('resume_digest', digest(concat(nonce,
    seal(resumed, resumeKey!, pad(concat(key, Uint8Array.of(1, 0, 4)), 2008)))));
  const last = answer(resumed, key, bytes('resumed_randomness'), terms);
  same('resumed_digest', digest(last.bytes));
  same('resumed_root', last.secrets[0]!);
  const until = new Uint8Array(8);
  new DataView(until.buffer).setBigUint64(0, 1700000000000n + 86400000n);
  same('record', concat(Uint8Array.of(1, 1, 1, 2), until, id, bytes('address'), last.secrets[3]!,
    resumption));
}
