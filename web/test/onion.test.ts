// Packets, reply blocks and cells of the module against the second implementation (reference.ts):
// what one builds, the other peels, and with equal randomness both build the same bytes.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';

import { Core, CoreError } from '../src/node.js';
import {
  CONTENT_LEN_MAX, type Hop, Onion, PACKET_LEN, PacketType, HEADER_LEN,
} from '../src/onion.js';
import {
  buildPacket, createSurb, decodePayload, onionKeyId, peelPacket, useSurb, type XwingKey, xwingKey,
} from './reference.js';
import { moduleBytes } from './support.js';

const EPOCH = 0x0a0b0c;
const module = new WebAssembly.Module(moduleBytes);

/** A stream of bytes that depends on a name only. */
function series(name: string): (len: number) => Uint8Array {
  let number = 0;
  return (outputLength) => new Uint8Array(
    createHash('shake256', { outputLength }).update(`${name} ${number++}`).digest());
}

interface TestRelay {
  readonly key: XwingKey;
  readonly seed: Uint8Array;
  readonly node: Uint8Array;
}

const relayBytes = series('relays');
const relays: TestRelay[] = Array.from({ length: 5 }, () => {
  const seed = relayBytes(32);
  return { seed, key: xwingKey(seed), node: relayBytes(32) };
});
const recipient = relayBytes(32);

function hopsTo(len: number, last: number, delayMs = 0): Hop[] {
  return relays.slice(0, len).map(({ key, node }, i) => ({
    key: key.publicKey,
    node,
    type: i + 1 === len ? last : PacketType.FORWARD,
    delayMs: i + 1 === len ? 0 : delayMs,
  }));
}

/** A module whose randomness is one long fixed stream, and another reader of the same stream. */
async function twins(name: string): Promise<{ onion: Onion; draw: (len: number) => Uint8Array }> {
  const bytes = series(name)(4096);
  let at = -64;
  const core = await Core.create(module, (ret) => {
    // The two draws of the start are not part of what is compared.
    ret.set(at < 0 ? series(`start ${at}`)(ret.length) : bytes.subarray(at, at + ret.length));
    at += ret.length;
  });
  let drawn = 0;
  return {
    onion: new Onion(core),
    draw: (len) => bytes.slice(drawn, (drawn += len)),
  };
}

async function relayOf(index: number): Promise<Onion> {
  const { onion } = await twins(`relay ${index}`);
  const publicKey = onion.rotate(EPOCH, relays[index]!.seed);
  assert.deepEqual(publicKey, relays[index]!.key.publicKey);
  return onion;
}

function isDropped(error: unknown): boolean {
  return error instanceof CoreError && error.name === 'CEPA_ERR_DROPPED';
}

for (let hopsLen = 1; hopsLen <= 5; hopsLen++) {
  test(`both build the same packet of ${hopsLen} hops, and each peels the other's`, async () => {
    const content = series('content')(hopsLen === 5 ? CONTENT_LEN_MAX : 100 * hopsLen);
    const { onion, draw } = await twins(`packet ${hopsLen}`);
    const hops = hopsTo(hopsLen, PacketType.DELIVER, 250);
    const made = onion.build(hops, EPOCH, recipient, content);
    const expected = buildPacket(hops, EPOCH, recipient, content, draw);
    assert.deepEqual(made.packet, expected.packet);

    let packet = made.packet;
    for (let i = 0; i < hopsLen; i++) {
      const byReference = peelPacket(relays[i]!.key, packet);
      const peeled = (await relayOf(i)).peel(packet);
      assert.ok(byReference !== undefined);
      assert.equal(peeled.type, byReference.type);
      if (i + 1 < hopsLen) {
        assert.equal(peeled.delayMs, 250);
        assert.deepEqual(peeled.next, relays[i + 1]!.node);
        assert.deepEqual(byReference.id, relays[i + 1]!.node);
        assert.deepEqual(peeled.packet, byReference.packet);
      } else {
        assert.deepEqual(peeled.recipient, recipient);
        assert.deepEqual(byReference.id, recipient);
        assert.deepEqual(peeled.content, content);
        assert.deepEqual(decodePayload(byReference.delta), content);
      }
      packet = peeled.packet;
    }
  });
}

test('both derive the same circuit seeds', async () => {
  const { onion, draw } = await twins('circuit');
  const hops = hopsTo(3, PacketType.CREATE_LAST).map((hop, i) =>
    (i < 2 ? { ...hop, type: PacketType.CREATE } : hop));
  const made = onion.build(hops, EPOCH, recipient, new Uint8Array());
  const expected = buildPacket(hops, EPOCH, recipient, new Uint8Array(), draw);
  assert.deepEqual(made.seeds, expected.seeds);
  const first = (await relayOf(0)).peel(made.packet);
  assert.equal(first.type, PacketType.CREATE);
  assert.deepEqual(first.circuit, expected.seeds[0]);
});

test('both give an onion key the same id', async () => {
  const { onion } = await twins('id');
  const key = relays[0]!.key.publicKey;
  assert.deepEqual(onion.keyId(key), onionKeyId(key));
});

test('both make the same reply block, use it alike and read the answer', async () => {
  const { onion, draw } = await twins('surb');
  const hops = hopsTo(3, PacketType.REPLY_LAST);
  const surb = onion.surbCreate(hops, EPOCH, recipient);
  const expected = createSurb(hops, EPOCH, recipient, draw);
  assert.deepEqual(surb, expected.surb);

  const content = series('answer')(1000);
  const used = onion.surbUse(surb, content);
  assert.deepEqual(used.packet, useSurb(surb, content));
  assert.deepEqual(used.first, relays[0]!.node);

  let packet = used.packet;
  for (let i = 0; i < 3; i++) {
    const byReference = peelPacket(relays[i]!.key, packet);
    const peeled = (await relayOf(i)).peel(packet);
    assert.equal(peeled.type, i < 2 ? PacketType.REPLY : PacketType.REPLY_LAST);
    assert.equal(byReference?.type, peeled.type);
    packet = peeled.packet;
    if (i === 2) {
      assert.deepEqual(peeled.recipient, recipient);
      assert.deepEqual(peeled.content, byReference?.delta);
      assert.deepEqual(expected.open(peeled.content), content);
      assert.deepEqual(onion.surbOpen(peeled.content), content);
    }
  }
});

test('both drop a packet with any part changed, and the module a replay', async () => {
  const { onion } = await twins('drop');
  const { packet } = onion.build(hopsTo(2, PacketType.DELIVER), EPOCH, recipient, relayBytes(9));
  const relay = await relayOf(0);
  for (const at of [4, 1100, 1123, 1124, 1140, 5939, HEADER_LEN, PACKET_LEN - 1]) {
    const changed = Uint8Array.from(packet);
    changed[at]! ^= 0x40;
    assert.equal(peelPacket(relays[0]!.key, changed), undefined, `byte ${at}`);
    assert.throws(() => relay.peel(changed), isDropped, `byte ${at}`);
  }
  // A wrong payload leaves its tag behind, so the packet itself needs another relay.
  const other = await relayOf(0);
  other.peel(packet);
  assert.throws(() => other.peel(packet), isDropped);
});

test('a packet that cannot be read at all says why', async () => {
  const relay = await relayOf(0);
  const packet = new Uint8Array(PACKET_LEN);
  const refused = (name: string, bytes: Uint8Array): void => assert.throws(
    () => relay.peel(bytes), (error) => error instanceof CoreError && error.name === name);
  refused('CEPA_ERR_LENGTH', packet.subarray(1));
  refused('CEPA_ERR_VERSION', packet);
  packet.set([1, 1, EPOCH & 255, 1]);
  refused('CEPA_ERR_MALFORMED', packet);
  packet.set([1, 1, (EPOCH & 255) ^ 1, 0]);
  refused('CEPA_ERR_EPOCH', packet);
});

test('building fails at every draw that fails, and writes nothing', async () => {
  for (const draws of [0, 1]) {
    let left = 2 + draws;
    const core = await Core.create(module, (bytes) => {
      if (left-- === 0) {
        throw new Error('no entropy');
      }
      bytes.set(series(`failing ${left}`)(bytes.length));
    });
    const onion = new Onion(core);
    assert.throws(
      () => onion.build(hopsTo(3, PacketType.DELIVER), EPOCH, recipient, new Uint8Array()),
      (error) => error instanceof CoreError && error.name === 'CEPA_ERR_RANDOM');
  }
});
