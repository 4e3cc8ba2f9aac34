// The vectors of packets and reply blocks: the module and the second implementation both have to
// give them, building and peeling.

import assert from 'node:assert/strict';

import { blake2b } from '@noble/hashes/blake2b';

import { Core } from '../src/node.js';
import { HEADER_LEN, type Hop, Onion, PacketType } from '../src/onion.js';
import type { Primitives } from '../src/primitives.js';
import type { Vector } from '../src/vectors.js';
import {
  buildPacket, createSurb, kdf, onionKeyId, peelPacket, useSurb, type XwingKey, xwingKey,
} from './reference.js';
import { moduleBytes } from './support.js';

const module = new WebAssembly.Module(moduleBytes);
const digest = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });

/** Cuts `bytes` into draws. */
function drawsOf(bytes: Uint8Array): (len: number) => Uint8Array {
  let at = 0;
  return (len) => {
    assert.ok(at + len <= bytes.length, 'more is drawn than there is');
    return bytes.slice(at, (at += len));
  };
}

/** A module that draws from `random` once it has started. */
async function onionDrawing(random: Uint8Array): Promise<Onion> {
  const draw = drawsOf(random);
  let draws = 0;
  return new Onion(await Core.create(module, (bytes) => {
    bytes.set(draws < 2 ? new Uint8Array(bytes.length).fill(1 + draws) : draw(bytes.length));
    draws++;
  }));
}

interface Path {
  readonly hops: Hop[];
  readonly keys: XwingKey[];
  readonly epoch: number;
}

function readPath(vector: Vector): Path {
  const hops: Hop[] = [];
  const keys: XwingKey[] = [];
  for (let i = 0; vector.has(`seed_${i}`); i++) {
    const key = xwingKey(vector.bytes(`seed_${i}`));
    keys.push(key);
    hops.push({
      key: key.publicKey,
      node: vector.bytes(`node_${i}`),
      type: vector.has(`type_${i}`) ? vector.number(`type_${i}`) : PacketType.REPLY,
      delayMs: vector.number(`delay_${i}`),
    });
  }
  return { hops, keys, epoch: vector.number('epoch') };
}

function checkKeys(vector: Vector, onion: Onion): void {
  const publicKey = xwingKey(vector.bytes('seed')).publicKey;
  assert.deepEqual(publicKey, vector.bytes('public_key'));
  assert.deepEqual(onionKeyId(publicKey), vector.bytes('key_id'));
  assert.deepEqual(onion.keyId(publicKey), vector.bytes('key_id'));
  const names = ['mac', 'stream', 'payload', 'payload_mac', 'replay', 'circuit'];
  const keys = kdf(
    'packet', ['secret', 'key_id', 'prefix'].map((name) => vector.bytes(name)),
    names.map((name) => vector.bytes(name).length));
  names.forEach((name, i) => assert.deepEqual(keys[i], vector.bytes(name), name));
}

/** Peels a packet hop by hop and compares what every hop gets; gives what the last one has. */
async function peelAll(vector: Vector, path: Path, first: Uint8Array): Promise<Uint8Array> {
  let packet = first;
  let delta = packet;
  for (let i = 0; i < path.keys.length; i++) {
    assert.deepEqual(digest(packet), vector.bytes(`packet_digest_${i}`), `hop ${i}`);
    const onion = await onionDrawing(new Uint8Array());
    onion.rotate(path.epoch, vector.bytes(`seed_${i}`));
    const isExtend = path.hops[i]!.type === PacketType.EXTEND;
    const peeled = onion.peel(packet, isExtend);
    const byReference = peelPacket(path.keys[i]!, packet);
    assert.ok(byReference !== undefined);
    assert.equal(peeled.type, byReference.type);
    assert.equal(peeled.delayMs, byReference.delayMs);
    assert.deepEqual(peeled.packet.subarray(HEADER_LEN), byReference.delta);
    delta = byReference.delta;
    packet = byReference.packet;
  }
  return delta;
}

async function checkPacket(vector: Vector): Promise<void> {
  const path = readPath(vector);
  const [recipient, content, random] =
    [vector.bytes('recipient'), vector.bytes('content'), vector.bytes('random')];
  const onion = await onionDrawing(random);
  const made = onion.build(path.hops, path.epoch, recipient, content);
  const expected = buildPacket(path.hops, path.epoch, recipient, content, drawsOf(random));
  assert.deepEqual(made.packet, expected.packet);
  if (vector.has('packet')) {
    assert.deepEqual(made.packet, vector.bytes('packet'));
  }
  path.hops.forEach(({ type }, i) => {
    const creates = type === PacketType.CREATE || type === PacketType.CREATE_LAST;
    assert.deepEqual(made.seeds[i], vector.bytes(`circuit_${i}`));
    assert.deepEqual(creates ? expected.seeds[i] : new Uint8Array(32), made.seeds[i]);
  });
  await peelAll(vector, path, made.packet);
}

async function checkSurb(vector: Vector): Promise<void> {
  const path = readPath(vector);
  const [recipient, random, reply] =
    [vector.bytes('recipient'), vector.bytes('random'), vector.bytes('reply')];
  const onion = await onionDrawing(random);
  const surb = onion.surbCreate(path.hops, path.epoch, recipient);
  assert.deepEqual(surb, vector.bytes('surb'));
  const expected = createSurb(path.hops, path.epoch, recipient, drawsOf(random));
  assert.deepEqual(expected.surb, surb);
  const { packet } = onion.surbUse(surb, reply);
  assert.deepEqual(packet, useSurb(surb, reply));
  const delta = await peelAll(vector, path, packet);
  assert.deepEqual(digest(delta), vector.bytes('delta_digest'));
  assert.deepEqual(expected.open(delta), reply);
  assert.deepEqual(onion.surbOpen(delta), reply);
}

export async function checkPackets(
  _: Primitives, vector: Vector, onion: Onion,
): Promise<void> {
  if (vector.has('surb')) {
    await checkSurb(vector);
  } else if (vector.has('recipient')) {
    await checkPacket(vector);
  } else {
    checkKeys(vector, onion);
  }
}
