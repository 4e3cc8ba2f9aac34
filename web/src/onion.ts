// Onion packets and circuit cells of the core. The module holds one relay, one relay's end of a
// circuit and the secret of one SURB at a time. Sizes and types are those of the specification,
// chapters 4 and 5.

import type { Core } from './core.js';

export const PACKET_LEN = 16384;
export const HEADER_LEN = 5940;
export const PAYLOAD_LEN = PACKET_LEN - HEADER_LEN;
export const CONTENT_LEN_MAX = PAYLOAD_LEN - 18;
export const SURB_LEN = 32 + HEADER_LEN + 32;
export const CELL_BODY_LEN = 1056;
export const HOPS_MAX = 5;

const KEY_LEN = 1216;
const PEELED_LEN = 108;
const STEP_LEN = 4;
const CELL_DATA_OFFSET = 20;
const CIRCUIT_KEYS_LEN = 4 * 32;
const CIRCUIT_NUMBERS_LEN = 4 * 8;

/** What a packet asks of a hop. */
export const PacketType = {
  FORWARD: 1,
  CREATE: 2,
  EXTEND: 3,
  REPLY: 4,
  DELIVER: 5,
  CREATE_LAST: 6,
  REPLY_LAST: 7,
  DROP: 8,
} as const;

/** A relay on a path: its onion key, its node id, and what it is asked to do. */
export interface Hop {
  readonly key: Uint8Array;
  readonly node: Uint8Array;
  readonly type: number;
  readonly delayMs?: number;
}

/** What peeling a packet found; parts that do not apply are zeros or empty. */
export interface Peeled {
  readonly type: number;
  readonly delayMs: number;
  readonly next: Uint8Array;
  readonly recipient: Uint8Array;
  readonly circuit: Uint8Array;
  readonly content: Uint8Array;
  /** The packet as it goes on to `next`. */
  readonly packet: Uint8Array;
}

/** A cell on its way: counter (8 bytes, big-endian) and body. */
export interface Cell {
  readonly counter: Uint8Array;
  readonly body: Uint8Array;
}

/** What a relay does with a forward cell: read it, if it is its own, or send it on. */
export interface Step {
  readonly isMine: boolean;
  readonly command: number;
  readonly data: Uint8Array;
  readonly cell: Cell;
}

function encodeHops(hops: readonly Hop[]): Uint8Array {
  const records = hops.map(({ key, node, type, delayMs = 0 }) => {
    if (key.length !== KEY_LEN || node.length !== 32) {
      throw new RangeError('a hop has a key or a node id of a wrong length');
    }
    const record = new Uint8Array(KEY_LEN + 36);
    record.set(key);
    record.set(node, KEY_LEN);
    record.set([type, 0, delayMs >> 8, delayMs & 255], KEY_LEN + 32);
    return record;
  });
  const all = new Uint8Array(hops.length * (KEY_LEN + 36));
  records.forEach((record, i) => all.set(record, i * record.length));
  return all;
}

function numberAt(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset);
}

export class Onion {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    core.check(core.exports.relay_init());
  }

  /** rotate gives the relay the key of `epoch`, made from `seed`; the result is its public key. */
  rotate(epoch: number, seed: Uint8Array): Uint8Array {
    return this.#core.run((arena) => {
      const key = arena.reserve(KEY_LEN);
      this.#core.check(this.#core.exports.relay_rotate(key, epoch, arena.put(seed)));
      return arena.take(key, KEY_LEN);
    });
  }

  keyId(publicKey: Uint8Array): Uint8Array {
    return this.#core.run((arena) => {
      const id = arena.reserve(32);
      this.#core.exports.onion_key_id(id, arena.put(publicKey));
      return arena.take(id, 32);
    });
  }

  build(
    hops: readonly Hop[], epoch: number, recipient: Uint8Array, content: Uint8Array,
  ): { packet: Uint8Array; seeds: Uint8Array[] } {
    return this.#core.run((arena) => {
      const packet = arena.reserve(PACKET_LEN);
      const seeds = arena.reserve(32 * HOPS_MAX);
      this.#core.check(this.#core.exports.packet_build(
        packet, seeds, arena.put(encodeHops(hops)), hops.length, epoch, arena.put(recipient),
        arena.put(content), content.length));
      return {
        packet: arena.take(packet, PACKET_LEN),
        seeds: hops.map((_, i) => arena.take(seeds + 32 * i, 32)),
      };
    });
  }

  /** peel lets the relay peel a packet; `packet` is not changed. */
  peel(packet: Uint8Array, fromCircuit = false): Peeled {
    return this.#core.run((arena) => {
      const at = arena.put(packet);
      const record = arena.reserve(PEELED_LEN);
      this.#core.check(this.#core.exports.packet_peel(
        record, at, packet.length, fromCircuit ? 1 : 0));
      const peeled = arena.take(record, PEELED_LEN);
      const content = at + numberAt(peeled, 100);
      return {
        type: peeled[0]!,
        delayMs: peeled[2]! * 256 + peeled[3]!,
        next: peeled.slice(4, 36),
        recipient: peeled.slice(36, 68),
        circuit: peeled.slice(68, 100),
        content: arena.take(content, numberAt(peeled, 104)),
        packet: arena.take(at, PACKET_LEN),
      };
    });
  }

  surbCreate(hops: readonly Hop[], epoch: number, recipient: Uint8Array): Uint8Array {
    return this.#core.run((arena) => {
      const surb = arena.reserve(SURB_LEN);
      this.#core.check(this.#core.exports.surb_create(
        surb, arena.put(encodeHops(hops)), hops.length, epoch, arena.put(recipient)));
      return arena.take(surb, SURB_LEN);
    });
  }

  surbUse(surb: Uint8Array, content: Uint8Array): { packet: Uint8Array; first: Uint8Array } {
    return this.#core.run((arena) => {
      const packet = arena.reserve(PACKET_LEN);
      const first = arena.reserve(32);
      this.#core.check(this.#core.exports.surb_use(
        packet, first, arena.put(surb), surb.length, arena.put(content), content.length));
      return { packet: arena.take(packet, PACKET_LEN), first: arena.take(first, 32) };
    });
  }

  /** surbOpen reads the answer to the last SURB that was created. */
  surbOpen(delta: Uint8Array): Uint8Array {
    return this.#core.run((arena) => {
      const at = arena.put(delta);
      const record = arena.reserve(8);
      this.#core.check(this.#core.exports.surb_open(record, at, delta.length));
      const content = arena.take(record, 8);
      return arena.take(at + numberAt(content, 0), numberAt(content, 4));
    });
  }

  /** circuitInit makes the relay's end of a circuit; the one before is forgotten. */
  circuitInit(seed: Uint8Array, isLast: boolean): void {
    this.#core.run((arena) =>
      this.#core.exports.circuit_init(arena.put(seed), isLast ? 1 : 0));
  }

  circuitForward(cell: Cell): Step {
    return this.#core.run((arena) => {
      const counter = arena.put(cell.counter);
      const body = arena.put(cell.body);
      const record = arena.reserve(STEP_LEN);
      this.#core.check(this.#core.exports.circuit_forward(record, counter, body));
      const [isMine, command, high, low] = arena.take(record, STEP_LEN);
      return {
        isMine: isMine === 1,
        command: command!,
        data: arena.take(body + CELL_DATA_OFFSET, high! * 256 + low!),
        cell: { counter: arena.take(counter, 8), body: arena.take(body, CELL_BODY_LEN) },
      };
    });
  }

  circuitBackward(cell: Cell): Cell {
    return this.#core.run((arena) => {
      const counter = arena.put(cell.counter);
      const body = arena.put(cell.body);
      this.#core.check(this.#core.exports.circuit_backward(counter, body));
      return { counter: arena.take(counter, 8), body: arena.take(body, CELL_BODY_LEN) };
    });
  }

  circuitOriginate(command: number, data: Uint8Array): Cell {
    return this.#core.run((arena) => {
      const counter = arena.reserve(8);
      const body = arena.reserve(CELL_BODY_LEN);
      this.#core.check(this.#core.exports.circuit_originate(
        counter, body, command, arena.put(data), data.length));
      return { counter: arena.take(counter, 8), body: arena.take(body, CELL_BODY_LEN) };
    });
  }

  /** circuitKeys gives chain, forward, backward, confirm and the four numbers, one after another. */
  circuitKeys(seed: Uint8Array): Uint8Array {
    return this.#core.run((arena) => {
      const keys = arena.reserve(CIRCUIT_KEYS_LEN + CIRCUIT_NUMBERS_LEN);
      this.#core.exports.circuit_keys(keys, arena.put(seed));
      return arena.take(keys, CIRCUIT_KEYS_LEN + CIRCUIT_NUMBERS_LEN);
    });
  }

  /** circuitRenew gives chain, forward, backward and confirm after a renewal. */
  circuitRenew(
    chain: Uint8Array, secret: Uint8Array, offer: Uint8Array, ciphertext: Uint8Array,
  ): Uint8Array {
    return this.#core.run((arena) => {
      const keys = arena.reserve(CIRCUIT_KEYS_LEN);
      this.#core.exports.circuit_renew(
        keys, arena.put(chain), arena.put(secret), arena.put(offer), arena.put(ciphertext));
      return arena.take(keys, CIRCUIT_KEYS_LEN);
    });
  }
}
