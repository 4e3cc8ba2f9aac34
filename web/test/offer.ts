// Passwords of dialled nodes and offers in few bytes, written a second time from chapter 6 of the
// specification. The core's vectors have to agree.

import assert from 'node:assert/strict';

import type { Vector } from '../src/vectors.js';
import { kdf } from './reference.js';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const types = ['host', 'srflx', 'prflx', 'relay'];
const preferences = [[126, 100, 110, 2], [90, 70, 80, 1]];
const setups = ['actpass', 'active', 'passive'];

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The characters of `count` times six bits. */
function characters(bytes: Uint8Array, count: number): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  assert.match(bits.slice(6 * count), /^0{0,7}$/);
  return Array.from({ length: count }, (_, i) =>
    alphabet[Number.parseInt(bits.slice(6 * i, 6 * i + 6), 2)]!).join('');
}

export function checkDial(vector: Vector): void {
  const inputs = ['secret', 'certificate', 'ufrag'].map((name) => vector.bytes(name));
  const bytes = kdf('ice password', inputs, [18])[0]!;
  assert.equal(characters(bytes, 24), text(vector.bytes('password')));
}

class Reader {
  #at = 0;
  constructor(readonly bytes: Uint8Array) {}

  take(count: number): Uint8Array {
    assert.ok(this.#at + count <= this.bytes.length);
    this.#at += count;
    return this.bytes.slice(this.#at - count, this.#at);
  }

  number(count: number): number {
    return this.take(count).reduce((number, byte) => number * 256 + byte, 0);
  }

  end(): void {
    assert.equal(this.#at, this.bytes.length);
  }
}

/** An IPv6 address as RFC 5952 has it. */
function ipv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (bytes[2 * i]! * 256 + bytes[2 * i + 1]!).toString(16));
  let best = { at: -1, len: 1 };
  for (let at = 0; at < 8; at++) {
    let len = 0;
    while (at + len < 8 && groups[at + len] === '0') {
      len++;
    }
    best = len > best.len ? { at, len } : best;
  }
  return best.at < 0
    ? groups.join(':')
    : `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.len).join(':')}`;
}

function uuid(bytes: Uint8Array): string {
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** What the candidates so far brought. */
class Places {
  readonly #places: string[] = [];
  readonly #networks: Uint8Array[] = [];

  read(reader: Reader, place: number): string {
    if (place < 10) {
      assert.ok(place < this.#places.length);
      return this.#places[place]!;
    }
    const found = this.#readNew(reader, place);
    assert.ok(!this.#places.includes(found));
    this.#places.push(found);
    return found;
  }

  #readNew(reader: Reader, place: number): string {
    if (place === 10) {
      return [...reader.take(4)].join('.');
    }
    if (place === 12) {
      return `${uuid(reader.take(16))}.local`;
    }
    if (place > 12) {
      return ipv6(Uint8Array.from([...this.#networks[place - 13]!, ...reader.take(8)]));
    }
    const bytes = reader.take(16);
    const network = bytes.slice(0, 8);
    assert.ok(!this.#networks.some((known) => hex(known) === hex(network)));
    if (this.#networks.length < 3) {
      this.#networks.push(network);
    }
    return ipv6(bytes);
  }
}

function readCandidates(reader: Reader, count: number): string[] {
  const places = new Places();
  const seen: string[] = [];
  let worth = 255;
  return Array.from({ length: count }, (_, i) => {
    const kind = reader.number(1);
    const [type, transport] = [kind >> 6, (kind >> 4) & 3];
    const port = transport === 2 ? 9 : reader.number(2);
    const place = places.read(reader, kind & 15);
    worth = Math.min(worth, preferences[transport === 0 ? 0 : 1]![type]!);
    const priority = worth * 2 ** 24 + (65535 - i) * 256 + 255;
    seen.push(`${kind >> 4} ${place}`);
    const foundation = seen.indexOf(seen[i]!) + 1;
    const zero = place.includes(':') ? '::' : '0.0.0.0';
    return `candidate:${foundation} 1 ${transport === 0 ? 'UDP' : 'TCP'} ${priority} ${place} ` +
      `${port} typ ${types[type]}${type === 0 ? '' : ` raddr ${zero} rport 0`}` +
      ['', ' tcptype passive', ' tcptype active'][transport];
  });
}

export function checkOffer(vector: Vector): void {
  const reader = new Reader(vector.bytes('offer'));
  assert.ok(reader.bytes.length <= 200);
  const head = reader.number(1);
  assert.equal(head >> 4, 1);
  const flags = reader.number(1);
  const flag = (bit: number): number => (flags >> bit) & 1;
  const ufragLen = reader.number(1) + 4;
  const chars = ufragLen + reader.number(1) + 22;
  const credentials = characters(reader.take(Math.ceil((6 * chars) / 8)), chars);
  const [ufrag, pwd] = [credentials.slice(0, ufragLen), credentials.slice(ufragLen)];
  const fingerprint = hex(reader.take(32));
  const port = flag(6) ? reader.number(2) : 5000;
  const size = flag(7) ? reader.number(4) : 262144;
  const candidates = readCandidates(reader, head & 15);
  reader.end();
  const setup = (flags >> 1) & 3;
  assert.deepEqual(
    [flag(0), setup, flag(3), flag(4), flag(5), port, size],
    ['is_offer', 'setup', 'is_lite', 'does_trickle', 'is_complete', 'sctp_port',
      'max_message_size'].map((name) => vector.number(name)));
  assert.equal(ufrag, text(vector.bytes('ufrag')));
  assert.equal(pwd, text(vector.bytes('pwd')));
  assert.equal(fingerprint, hex(vector.bytes('fingerprint')));
  assert.deepEqual(candidates, candidates.map((_, i) => text(vector.bytes(`candidate_${i}`))));
  assert.ok(!vector.has(`candidate_${candidates.length}`));
  const section = candidates.length > 0 ? candidates[0]!.split(' ')[5] : '9';
  const lines = [
    'v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0', flag(3) ? 'a=ice-lite' : 'a=group:BUNDLE 0',
    `m=application ${section} UDP/DTLS/SCTP webrtc-datachannel`, 'c=IN IP4 0.0.0.0', 'a=mid:0',
    `a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, ...(flag(4) ? ['a=ice-options:trickle'] : []),
    `a=fingerprint:sha-256 ${fingerprint.toUpperCase().match(/../g)!.join(':')}`,
    `a=setup:${setups[setup]}`, `a=sctp-port:${port}`, `a=max-message-size:${size}`,
    ...candidates.map((candidate) => `a=${candidate}`),
    ...(flag(5) ? ['a=end-of-candidates'] : []),
  ];
  assert.equal(`${lines.join('\r\n')}\r\n`, text(vector.bytes('sdp')));
}
