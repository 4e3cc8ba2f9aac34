// Onion packets, reply blocks and cells written a second time, from the specification (chapters 3
// to 5) and on primitives of other people (noble, and OpenSSL's AES). Slow and plain: it exists to
// agree with the core, or not.

import { createCipheriv, createDecipheriv } from 'node:crypto';

import { chacha20, xchacha20 } from '@noble/ciphers/chacha';
import { poly1305 } from '@noble/ciphers/_poly1305';
import { x25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2b';
import { sha3_256, shake256 } from '@noble/hashes/sha3';
import { ml_kem768 } from '@noble/post-quantum/ml-kem';

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]!);
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const zeros = (len: number): Uint8Array => new Uint8Array(len);

export function be32(number: number): Uint8Array {
  const bytes = zeros(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** The key derivation of section 3.1. */
export function kdf(label: string, inputs: Uint8Array[], lens: number[]): Uint8Array[] {
  const prefixed = inputs.flatMap((input) => [be32(input.length), input]);
  const total = lens.reduce((sum, len) => sum + len, 0);
  const all = shake256(concat(ascii(`cepa v1 ${label}\0`), ...prefixed), { dkLen: total });
  let at = 0;
  return lens.map((len) => all.slice(at, (at += len)));
}

/* HPolyC, section 3.5. Blocks are numbers, little-endian, modulo 2^128. */

const toNumber = (block: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(block).reverse().toString('hex')}`);
const toBlock = (number: bigint): Uint8Array => Uint8Array.from(Buffer.from(
  BigInt.asUintN(128, number).toString(16).padStart(32, '0'), 'hex').reverse());

function hpolyc(key: Uint8Array, tweak: Uint8Array, data: Uint8Array, encrypt: boolean): Uint8Array {
  const keyNonce = zeros(24);
  keyNonce[0] = 1;
  const derived = xchacha20(key, keyNonce, zeros(48));
  const hashKey = concat(derived.slice(32), zeros(16));
  const tweakLen = Uint8Array.from(be32(8 * tweak.length)).reverse();
  const head = concat(tweakLen, tweak, zeros((16 - ((4 + tweak.length) % 16)) % 16));
  const hash = (left: Uint8Array): bigint => toNumber(poly1305(concat(head, left), hashKey));
  const cipher = (encrypt ? createCipheriv : createDecipheriv)(
    'aes-256-ecb', derived.slice(0, 32), null).setAutoPadding(false);

  const left = data.slice(0, -16);
  const middle = toBlock(toNumber(data.slice(-16)) + hash(left));
  const other = Uint8Array.from(cipher.update(middle));
  const block = encrypt ? other : middle;
  const streamNonce = concat(block, Uint8Array.of(1), zeros(7));
  const newLeft = left.length > 0 ? xchacha20(key, streamNonce, left) : left;
  return concat(newLeft, toBlock(toNumber(other) - hash(newLeft)));
}

export const hpolycEncrypt = (key: Uint8Array, tweak: Uint8Array, data: Uint8Array): Uint8Array =>
  hpolyc(key, tweak, data, true);
export const hpolycDecrypt = (key: Uint8Array, tweak: Uint8Array, data: Uint8Array): Uint8Array =>
  hpolyc(key, tweak, data, false);

/* X-Wing, section 3.3. */

const XWING_LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

export interface XwingKey {
  readonly mlkem: { publicKey: Uint8Array; secretKey: Uint8Array };
  readonly scalar: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function xwingKey(seed: Uint8Array): XwingKey {
  const expanded = shake256(seed, { dkLen: 96 });
  const mlkem = ml_kem768.keygen(expanded.slice(0, 64));
  const scalar = expanded.slice(64);
  return { mlkem, scalar, publicKey: concat(mlkem.publicKey, x25519.getPublicKey(scalar)) };
}

function xwingCombine(
  mlkem: Uint8Array, curve: Uint8Array, ephemeral: Uint8Array, point: Uint8Array,
): Uint8Array {
  return sha3_256(concat(mlkem, curve, ephemeral, point, XWING_LABEL));
}

export function xwingEncapsulate(
  publicKey: Uint8Array, randomness: Uint8Array,
): { ciphertext: Uint8Array; secret: Uint8Array } {
  const mlkem = ml_kem768.encapsulate(publicKey.slice(0, 1184), randomness.slice(0, 32));
  const point = publicKey.slice(1184);
  const ephemeral = x25519.getPublicKey(randomness.slice(32));
  const curve = x25519.getSharedSecret(randomness.slice(32), point);
  return {
    ciphertext: concat(mlkem.cipherText, ephemeral),
    secret: xwingCombine(mlkem.sharedSecret, curve, ephemeral, point),
  };
}

export function xwingDecapsulate(key: XwingKey, ciphertext: Uint8Array): Uint8Array {
  const ephemeral = ciphertext.slice(1088);
  return xwingCombine(
    ml_kem768.decapsulate(ciphertext.slice(0, 1088), key.mlkem.secretKey),
    x25519.getSharedSecret(key.scalar, ephemeral), ephemeral, key.publicKey.slice(1184));
}

/* Onion packets, chapter 4. */

const HOPS_MAX = 5;
const SLOT = 1184;
const BETA = 4800;
const PAYLOAD = 10444;
const ALPHA_AT = 4;
const GAMMA_AT = 1124;
const BETA_AT = 1140;
const DELTA_AT = 5940;
const NO_TWEAK = zeros(0);

export interface ReferenceHop {
  readonly key: Uint8Array;
  readonly node: Uint8Array;
  readonly type: number;
  readonly delayMs?: number;
}

export function onionKeyId(publicKey: Uint8Array): Uint8Array {
  return blake2b(concat(ascii('cepa v1 onion key\0'), publicKey), { dkLen: 32 });
}

interface HopKeys {
  readonly mac: Uint8Array;
  readonly stream: Uint8Array;
  readonly payload: Uint8Array;
  readonly payloadMac: Uint8Array;
  readonly circuit: Uint8Array;
}

function hopKeys(secret: Uint8Array, publicKey: Uint8Array, prefix: Uint8Array): HopKeys {
  const [mac, stream, payload, payloadMac, , circuit] = kdf(
    'packet', [secret, onionKeyId(publicKey), prefix], [32, 32, 32, 32, 16, 32]);
  return {
    mac: mac!, stream: stream!, payload: payload!, payloadMac: payloadMac!, circuit: circuit!,
  };
}

function stream(key: Uint8Array, len: number): Uint8Array {
  return len === 0 ? zeros(0) : chacha20(key, zeros(12), zeros(len));
}

function command(hop: ReferenceHop, id: Uint8Array, payloadMac: Uint8Array): Uint8Array {
  const delay = hop.delayMs ?? 0;
  return concat(Uint8Array.of(hop.type, 0, delay >> 8, delay & 255), id, payloadMac);
}

export function encodePayload(content: Uint8Array): Uint8Array {
  const len = Uint8Array.of(content.length >> 8, content.length & 255);
  return concat(zeros(16), len, content, zeros(PAYLOAD - 18 - content.length));
}

/** Cuts a stream of random bytes into draws. */
export type Draw = (len: number) => Uint8Array;

interface Path {
  readonly prefix: Uint8Array;
  readonly alphas: Uint8Array[];
  readonly keys: HopKeys[];
  readonly fillerKey: Uint8Array;
}

function makePath(hops: readonly ReferenceHop[], epoch: number, draw: Draw): Path {
  const prefix = Uint8Array.of(1, 1, epoch & 255, 0);
  const randomness = hops.map(() => draw(64));
  const fillerKey = draw(32);
  const made = hops.map(({ key }, i) => xwingEncapsulate(key, randomness[i]!));
  return {
    prefix,
    alphas: made.map(({ ciphertext }) => ciphertext),
    keys: hops.map(({ key }, i) => hopKeys(made[i]!.secret, key, prefix)),
    fillerKey,
  };
}

/** Steps 4 to 6 of section 4.4; `macs` are the payload MACs of the hops. */
function makeHeader(
  path: Path, hops: readonly ReferenceHop[], recipient: Uint8Array, macs: Uint8Array[],
): Uint8Array {
  const last = hops.length - 1;
  const streams = path.keys.map((keys) => stream(keys.stream, BETA + SLOT));
  let filler = zeros(0);
  for (let i = 0; i < last; i++) {
    filler = concat(filler, zeros(SLOT));
    filler = xor(filler, streams[i]!.slice(-filler.length));
  }
  const random = stream(path.fillerKey, 16 + (HOPS_MAX - hops.length) * SLOT);
  const plain = concat(command(hops[last]!, recipient, macs[last]!), random);
  let beta = concat(xor(plain, streams[last]!.slice(0, plain.length)), filler);
  const gammaOf = (i: number): Uint8Array =>
    poly1305(concat(path.prefix, path.alphas[i]!, beta), path.keys[i]!.mac);
  for (let i = last - 1; i >= 0; i--) {
    const slot = concat(
      command(hops[i]!, hops[i + 1]!.node, macs[i]!), gammaOf(i + 1), path.alphas[i + 1]!);
    beta = xor(concat(slot, beta.slice(0, BETA - SLOT)), streams[i]!.slice(0, BETA));
  }
  return concat(path.prefix, path.alphas[0]!, gammaOf(0), beta);
}

export function buildPacket(
  hops: readonly ReferenceHop[], epoch: number, recipient: Uint8Array, content: Uint8Array,
  draw: Draw,
): { packet: Uint8Array; seeds: Uint8Array[] } {
  const path = makePath(hops, epoch, draw);
  let delta = encodePayload(content);
  const macs: Uint8Array[] = [];
  for (let i = hops.length - 1; i >= 0; i--) {
    delta = hpolycEncrypt(path.keys[i]!.payload, NO_TWEAK, delta);
    macs[i] = poly1305(delta, path.keys[i]!.payloadMac).slice(0, 12);
  }
  return {
    packet: concat(makeHeader(path, hops, recipient, macs), delta),
    seeds: path.keys.map(({ circuit }) => circuit),
  };
}

export interface ReferencePeeled {
  readonly type: number;
  readonly delayMs: number;
  readonly id: Uint8Array;
  readonly circuit: Uint8Array;
  /** What goes on; of no meaning where the packet ends. */
  readonly packet: Uint8Array;
  readonly delta: Uint8Array;
}

/** peelPacket gives undefined for a packet that has to be dropped. Replays are not looked for. */
export function peelPacket(key: XwingKey, packet: Uint8Array): ReferencePeeled | undefined {
  const prefix = packet.slice(0, ALPHA_AT);
  const secret = xwingDecapsulate(key, packet.slice(ALPHA_AT, GAMMA_AT));
  const keys = hopKeys(secret, key.publicKey, prefix);
  const beta = packet.slice(BETA_AT, DELTA_AT);
  const gamma = poly1305(concat(packet.slice(0, GAMMA_AT), beta), keys.mac);
  if (!equal(gamma, packet.slice(GAMMA_AT, BETA_AT))) {
    return undefined;
  }
  const plain = xor(concat(beta, zeros(SLOT)), stream(keys.stream, BETA + SLOT));
  const type = plain[0]!;
  const arrived = packet.slice(DELTA_AT);
  const payloadMac = poly1305(arrived, keys.payloadMac).slice(0, 12);
  const isReply = type === 4 || type === 7;
  if (!isReply && !equal(payloadMac, plain.slice(36, 48))) {
    return undefined;
  }
  const delta = hpolycDecrypt(keys.payload, NO_TWEAK, arrived);
  return {
    type,
    delayMs: plain[2]! * 256 + plain[3]!,
    id: plain.slice(4, 36),
    circuit: keys.circuit,
    packet: concat(
      prefix, plain.slice(64, SLOT), plain.slice(48, 64), plain.slice(SLOT), delta),
    delta,
  };
}

/** decodePayload gives the content of a decrypted payload, or undefined if it is malformed. */
export function decodePayload(delta: Uint8Array): Uint8Array | undefined {
  const len = delta[16]! * 256 + delta[17]!;
  const isGood = delta.slice(0, 16).every((byte) => byte === 0) && len <= PAYLOAD - 18 &&
    delta.slice(18 + len).every((byte) => byte === 0);
  return isGood ? delta.slice(18, 18 + len) : undefined;
}

/** A reply block, and the function that reads the answer. */
export function createSurb(
  hops: readonly ReferenceHop[], epoch: number, recipient: Uint8Array, draw: Draw,
): { surb: Uint8Array; open: (delta: Uint8Array) => Uint8Array | undefined } {
  const replies = hops.map((hop, i) => ({ ...hop, type: i + 1 === hops.length ? 7 : 4 }));
  const key = draw(32);
  const path = makePath(replies, epoch, draw);
  const header = makeHeader(path, replies, recipient, replies.map(() => zeros(12)));
  return {
    surb: concat(hops[0]!.node, header, key),
    open: (delta) => {
      const sent = path.keys.reduceRight(
        (layered, keys) => hpolycEncrypt(keys.payload, NO_TWEAK, layered), delta);
      return decodePayload(hpolycDecrypt(key, NO_TWEAK, sent));
    },
  };
}

export function useSurb(surb: Uint8Array, content: Uint8Array): Uint8Array {
  const key = surb.slice(32 + DELTA_AT);
  return concat(
    surb.slice(32, 32 + DELTA_AT), hpolycEncrypt(key, NO_TWEAK, encodePayload(content)));
}

/* Circuits and cells, chapter 5. */

export interface CircuitKeys {
  readonly chain: Uint8Array;
  readonly forward: Uint8Array;
  readonly backward: Uint8Array;
  readonly confirm: Uint8Array;
}

export interface CircuitNumbers {
  readonly forwardStart: bigint;
  readonly forwardOffset: bigint;
  readonly backwardStart: bigint;
  readonly backwardOffset: bigint;
}

const be64 = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

export function counterBytes(counter: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(
    BigInt.asUintN(64, counter).toString(16).padStart(16, '0'), 'hex'));
}

export function circuitKeys(seed: Uint8Array): CircuitKeys & CircuitNumbers {
  const [chain, forward, backward, confirm, a, b, c, d] =
    kdf('circuit', [seed], [32, 32, 32, 32, 8, 8, 8, 8]);
  return {
    chain: chain!, forward: forward!, backward: backward!, confirm: confirm!,
    forwardStart: be64(a!), forwardOffset: be64(b!),
    backwardStart: be64(c!), backwardOffset: be64(d!),
  };
}

export function renewKeys(
  chain: Uint8Array, secret: Uint8Array, offer: Uint8Array, ciphertext: Uint8Array,
): CircuitKeys {
  const transcript = blake2b(concat(offer, ciphertext), { dkLen: 32 });
  const [newChain, forward, backward, confirm] =
    kdf('renewal', [chain, secret, transcript], [32, 32, 32, 32]);
  return { chain: newChain!, forward: forward!, backward: backward!, confirm: confirm! };
}

export function encodeCell(commandNumber: number, data: Uint8Array): Uint8Array {
  return concat(
    zeros(16), Uint8Array.of(commandNumber, 0, data.length >> 8, data.length & 255), data,
    zeros(1036 - data.length));
}
