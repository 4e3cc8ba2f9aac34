// Prints what packets and cells cost in the module under Node: one hop, its parts, making packets.
import { loadCore } from '../dist/src/node.js';
import { measure, print } from './measure.mjs';

const core = await loadCore();
const { exports, arena } = core;

const EPOCH = 1000;
const PACKET_LEN = 16384;
const HEADER_LEN = 5940;
const PAYLOAD_LEN = PACKET_LEN - HEADER_LEN;
const HOP_LEN = 1216 + 36;
const CELL_LEN = 1056;
const [FORWARD, DELIVER, REPLY, REPLY_LAST] = [1, 5, 4, 7];

function reserve(len) {
  const address = arena.reserve(len);
  exports.draw(address, len);
  return address;
}

function checked(result) {
  if (result !== 0) {
    throw new Error(`error ${result}`);
  }
}

const [seed, recipient, nonce, tag] = [reserve(32), reserve(32), reserve(12), reserve(16)];
const hops = reserve(5 * HOP_LEN);
const content = reserve(PAYLOAD_LEN - 18);
const [good, packet, seeds, peeled] =
  [reserve(PACKET_LEN), reserve(PACKET_LEN), reserve(160), reserve(108)];
const [surb, first] = [reserve(6004), reserve(32)];
const ciphertext = reserve(1120);

/** All hops are the one relay of the module; a packet is peeled at its first hop only. */
checked(exports.relay_init());
checked(exports.relay_rotate(hops, EPOCH, seed));
for (let hop = 1; hop < 5; hop++) {
  arena.view(hops + hop * HOP_LEN, 1216).set(arena.view(hops, 1216));
}

function prepareHops(len, middle, last) {
  for (let hop = 0; hop < len; hop++) {
    const type = hop + 1 === len ? last : middle;
    arena.view(hops + hop * HOP_LEN + 1216 + 32, 4).set([type, 0, 0, 0]);
  }
}

function build(to, len) {
  prepareHops(len, FORWARD, DELIVER);
  checked(exports.packet_build(
    to, seeds, hops, len, EPOCH, recipient, content, PAYLOAD_LEN - 18));
}

function copy() {
  arena.view(packet, PACKET_LEN).set(arena.view(good, PACKET_LEN));
  exports.relay_forget();
}

function peel() {
  copy();
  checked(exports.packet_peel(peeled, packet, PACKET_LEN, 0));
}

function drop() {
  copy();
  arena.view(packet + 1124, 1)[0] ^= 1;
  if (exports.packet_peel(peeled, packet, PACKET_LEN, 0) >= 0) {
    throw new Error('a broken packet was accepted');
  }
}

console.log(`WebAssembly in Node ${process.version}, fastest of 60 batches`);
build(good, 5);
const copyTime = measure(copy);
print('one hop, 5 hops, 10,444 B payload', measure(peel) - copyTime, undefined,
  'goal 250, then 150; native Katzenpost 237-256, Nym (classical) 163');
print('one hop, packet dropped', measure(drop) - copyTime);

exports.xwing_keygen(packet, seed);
exports.xwing_encapsulate(ciphertext, first, packet, good);
print('  X-Wing decapsulation', measure(() => exports.xwing_decapsulate(first, ciphertext)));
print('    of it X25519', measure(() => exports.x25519(first, seed, recipient)));
exports.mlkem_keygen(packet, good);
print('    of it ML-KEM', measure(() => exports.mlkem_decapsulate(first, ciphertext)));
print('  header authenticator', measure(() => exports.poly1305(tag, good, HEADER_LEN, seed)));
print('  header stream', measure(() => exports.chacha20_xor(packet, 4800 + 1184, seed, nonce, 0)));
print('  payload authenticator', measure(() => exports.poly1305(tag, good, PAYLOAD_LEN, seed)));
print('  payload layer',
  measure(() => exports.hpolyc_decrypt(packet, PAYLOAD_LEN, nonce, 0, seed)), PAYLOAD_LEN);

for (const len of [1, 3, 5]) {
  print(`make a packet, ${len} hops`, measure(() => build(packet, len)));
}
prepareHops(5, REPLY, REPLY_LAST);
print('make a SURB, 5 hops', measure(() => {
  checked(exports.surb_create(surb, hops, 5, EPOCH, recipient));
}));
print('answer with a SURB', measure(() => {
  checked(exports.surb_use(packet, first, surb, 6004, content, 1000));
}));

// A relay takes each counter once, so every cell has the next one.
exports.circuit_init(seed, 0);
let counter = 0;
print('circuit layer of a cell, 1,056 B', measure(() => {
  new DataView(core.exports.memory.buffer).setUint32(nonce, 0);
  new DataView(core.exports.memory.buffer).setUint32(nonce + 4, counter++);
  checked(exports.circuit_forward(tag, nonce, packet));
}), CELL_LEN);
