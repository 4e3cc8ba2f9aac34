// Prints what the primitives cost in the module under Node. `npm run bench`, or by hand with a
// filter: node bench/primitives.mjs x25519
import { randomFillSync } from 'node:crypto';

import { loadCore } from '../dist/src/node.js';
import { measure, print } from './measure.mjs';

const { exports, arena } = await loadCore();

function reserve(len) {
  const address = arena.reserve(len);
  randomFillSync(arena.view(address, len));
  return address;
}

const [key, nonce, tag, seed] = [reserve(32), reserve(12), reserve(16), reserve(64)];
const [scalar, point, secret] = [reserve(32), reserve(32), reserve(32)];
const data = reserve(16384);
const publicKey = reserve(2048);
const ciphertext = reserve(1120);
const signature = reserve(3309);

const bulk = (name, len, call) => ({ name: `${name}, ${len} B`, len, call });
const single = (name, call, prepare) => ({ name, call, prepare });

const measurements = [
  bulk('sha3_256', 32, () => exports.sha3_256(secret, data, 32)),
  bulk('shake256', 16384, () => exports.shake256(secret, 32, data, 16384)),
  bulk('blake2b', 1024, () => exports.blake2b(secret, 32, data, 1024, key, 0)),
  bulk('chacha20', 1056, () => exports.chacha20_xor(data, 1056, key, nonce, 0)),
  bulk('chacha20', 16384, () => exports.chacha20_xor(data, 16384, key, nonce, 0)),
  bulk('poly1305', 16384, () => exports.poly1305(tag, data, 16384, key)),
  bulk('aead seal', 1104, () => exports.aead_seal(data, 1104, tag, key, 0, nonce, key)),
  bulk('hpolyc decrypt', 1056, () => exports.hpolyc_decrypt(data, 1056, nonce, 12, key)),
  bulk('hpolyc decrypt', 10444, () => exports.hpolyc_decrypt(data, 10444, nonce, 0, key)),
  single('x25519', () => exports.x25519(secret, scalar, point)),
  single('x25519, base point', () => exports.x25519_base(secret, scalar)),
  single('ed25519 sign', () => exports.ed25519_sign(signature, seed, data, 64)),
  single('ed25519 verify', () => exports.ed25519_verify(signature, publicKey, data, 64), () => {
    exports.ed25519_public_key(publicKey, seed);
    exports.ed25519_sign(signature, seed, data, 64);
  }),
  single('mlkem768 keygen', () => exports.mlkem_keygen(publicKey, seed)),
  single('mlkem768 encapsulate',
    () => exports.mlkem_encapsulate(ciphertext, secret, publicKey, seed),
    () => exports.mlkem_keygen(publicKey, seed)),
  single('mlkem768 decapsulate, A cached', () => exports.mlkem_decapsulate(secret, ciphertext)),
  single('xwing keygen', () => exports.xwing_keygen(publicKey, seed)),
  single('xwing encapsulate', () => exports.xwing_encapsulate(ciphertext, secret, publicKey, seed),
    () => exports.xwing_keygen(publicKey, seed)),
  single('xwing decapsulate, A cached', () => exports.xwing_decapsulate(secret, ciphertext)),
  single('mldsa65 keygen', () => exports.mldsa_keygen(publicKey, seed)),
  single('mldsa65 sign, 64 messages', () => {
    for (let i = 0; i < 64; i++) {
      arena.view(data, 1)[0] = i;
      exports.mldsa_sign(signature, data, 64, nonce, 0, key);
    }
  }),
  single('mldsa65 verify',
    () => exports.mldsa_verify(signature, publicKey, data, 64, nonce, 0)),
];

const filter = process.argv[2] ?? '';
console.log(`WebAssembly in Node ${process.version}, fastest of 60 batches`);
for (const { name, len, call, prepare } of measurements) {
  if (!name.includes(filter)) {
    continue;
  }
  prepare?.();
  print(name, measure(call), len);
}
