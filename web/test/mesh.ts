// Records of the mesh written a second time, from chapter 10 of the specification. The core's
// vectors have to agree, and their signatures to verify with other people's code.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';

import { ed25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2b';

import type { Primitives } from '../src/primitives.js';
import type { Vector } from '../src/vectors.js';
import { be32, concat } from './reference.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const zeros = (len: number): Uint8Array => new Uint8Array(len);

const hash = (len: number, label: string, ...parts: Uint8Array[]): Uint8Array =>
  blake2b(concat(ascii(`cepa v1 ${label}\0`), ...parts), { dkLen: len });

function same(vector: Vector, name: string, got: Uint8Array): void {
  assert.deepEqual(Buffer.from(got).toString('hex'),
    Buffer.from(vector.bytes(name)).toString('hex'), `${name}, block of line ${vector.line}`);
}

/** The values of the block one after another. */
const fields = (vector: Vector, ...names: string[]): Uint8Array =>
  concat(...names.map((name) => vector.bytes(name)));

/** Checks both signatures behind a certificate or a descriptor, and that the rest is `signed`. */
function checkSigned(
  core: Primitives, vector: Vector, name: string, signed: Uint8Array,
): void {
  const record = vector.bytes(name);
  const signatures = record.slice(signed.length);
  same(vector, name, concat(signed, signatures));
  assert.equal(signatures.length, 64 + 3309);
  const digest = hash(64, name, signed);
  assert.ok(ed25519.verify(signatures.slice(0, 64), digest, vector.bytes('signing_key')));
  core.mldsaVerify(signatures.slice(64), vector.bytes('pq_signing_key'), digest,
    ascii(`cepa v1 ${name}`));
}

function checkCredentials(core: Primitives, vector: Vector): void {
  checkSigned(core, vector, 'certificate', concat(Uint8Array.of(1, 0, 0, 0),
    fields(vector, 'network', 'signing_key', 'pq_signing_key', 'first_day', 'last_day')));
  same(vector, 'node_id', hash(32, 'node id', fields(vector, 'signing_key', 'pq_signing_key')));
  same(vector, 'position', hash(32, 'position', vector.bytes('signing_key')));
  checkSigned(core, vector, 'descriptor', concat(
    Uint8Array.of(1), fields(vector, 'flags', 'class'), zeros(1),
    fields(vector, 'network', 'node_id', 'day', 'sequence', 'link_key', 'onion_root', 'dtls',
      'dtls_previous', 'dial_secret', 'family', 'places_count', 'introducers_count',
      'receipts_count'), zeros(1), fields(vector, 'places', 'introducers', 'receipts')));
  same(vector, 'commitment', hash(32, 'commitment', fields(vector, 'certificate', 'descriptor')));
  checkIndexRecord(vector);
}

function checkIndexRecord(vector: Vector): void {
  const [start, end] = [
    fields(vector, 'signing_key', 'commitment'),
    concat(fields(vector, 'nonce', 'sequence', 'day', 'flags', 'class', 'prefix'), zeros(9)),
  ];
  const signature = vector.bytes('index_record').slice(64, 128);
  same(vector, 'index_record', concat(start, signature, end));
  const digest = hash(64, 'index record', vector.bytes('network'), start, end);
  assert.ok(ed25519.verify(signature, digest, vector.bytes('signing_key')));
  const work = hash(32, 'work', fields(vector, 'network', 'signing_key', 'nonce'));
  const bits = [...work].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  assert.ok(bits.indexOf('1') >= vector.number('work_bits'));
}

function checkReceipt(vector: Vector): void {
  const signed = fields(vector, 'prober', 'prober_prefix', 'day', 'how', 'reached');
  const signature = vector.bytes('receipt').slice(signed.length);
  same(vector, 'receipt', concat(signed, signature));
  const digest = hash(64, 'receipt', fields(vector, 'network', 'subject'), signed);
  assert.ok(ed25519.verify(signature, digest, vector.bytes('prober')));
}

function checkKeyRecord(vector: Vector): void {
  same(vector, 'key_record', concat(Uint8Array.of(1), vector.bytes('leaf'), zeros(2),
    fields(vector, 'node_id', 'day', 'epoch', 'public_key', 'path')));
  assert.equal(Math.floor(vector.number('epoch') / 24), vector.number('day'));
  const [leaf, path] = [vector.number('leaf'), vector.bytes('path')];
  let node = hash(32, 'key leaf', vector.bytes('day'), be32(leaf), vector.bytes('public_key'));
  for (let height = 0; height < 5; height++) {
    const sibling = path.slice(32 * height, 32 * height + 32);
    const pair = (leaf >> height) % 2 === 0 ? [node, sibling] : [sibling, node];
    node = hash(32, 'key node', ...pair);
  }
  same(vector, 'onion_root', node);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc % 2 === 0 ? 0 : 0xedb88320);
    }
  }
  return ~crc >>> 0;
}

function checkInvitation(vector: Vector): void {
  const bytes = concat(Uint8Array.of(1), fields(vector, 'network_start', 'count', 'addresses'));
  const text = Buffer.from(concat(bytes, be32(crc32(bytes)))).toString('base64url');
  same(vector, 'invitation', ascii(`cepa:${text}`));
}

export function checkMesh(core: Primitives, vector: Vector): void {
  if (vector.has('certificate')) {
    checkCredentials(core, vector);
  } else if (vector.has('receipt')) {
    checkReceipt(vector);
  } else if (vector.has('key_record')) {
    checkKeyRecord(vector);
  } else {
    checkInvitation(vector);
  }
}
