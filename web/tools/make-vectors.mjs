// Writes docs/spec/vectors/*.txt for the primitives, from code that nobody here wrote (noble), so
// that the files can judge ours. Messages and wire formats have vectors of their own makers.
//
//   node tools/make-vectors.mjs [NAME...]
import { writeFileSync } from 'node:fs';

import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha';
import { poly1305 } from '@noble/ciphers/_poly1305';
import { ed25519, x25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2b';
import { sha3_256, sha3_512, shake128, shake256 } from '@noble/hashes/sha3';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa';
import { ml_kem768 } from '@noble/post-quantum/ml-kem';

// Constructions of our own, on noble: `npm run build` compiles them.
import { blind, chainSeeds, tree, treeKeys } from '../dist/test/keys.js';
import { be32, hpolycEncrypt } from '../dist/test/reference.js';

/** A stream of inputs for one file: SHAKE256 of its name. */
function inputs(name) {
  const stream = shake256.create({ dkLen: 32 }).update(`cepa vectors ${name}`);
  return (len) => (len === 0 ? new Uint8Array() : stream.xof(len));
}

function flip(bytes, bit) {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3] ^= 1 << (bit & 7);
  return flipped;
}

const concat = (...parts) => Uint8Array.from(Buffer.concat(parts));

/** X-Wing from its parts: draft-connolly-cfrg-xwing-kem. */
const XWING_LABEL = new TextEncoder().encode('\\.//^\\');
function xwingKey(seed) {
  const expanded = shake256(seed, { dkLen: 96 });
  const mlkem = ml_kem768.keygen(expanded.subarray(0, 64));
  const scalar = expanded.subarray(64);
  const point = x25519.getPublicKey(scalar);
  return { mlkem, scalar, point, publicKey: concat(mlkem.publicKey, point) };
}
function xwingSecret(mlkemSecret, curveSecret, curveCiphertext, curvePublic) {
  return sha3_256(concat(mlkemSecret, curveSecret, curveCiphertext, curvePublic, XWING_LABEL));
}
function xwingEncapsulate(key, randomness) {
  const mlkem = ml_kem768.encapsulate(key.mlkem.publicKey, randomness.subarray(0, 32));
  const scalar = randomness.subarray(32);
  const point = x25519.getPublicKey(scalar);
  const secret = x25519.getSharedSecret(scalar, key.point);
  return {
    ciphertext: concat(mlkem.cipherText, point),
    secret: xwingSecret(mlkem.sharedSecret, secret, point, key.point),
  };
}
function xwingDecapsulate(key, ciphertext) {
  const point = ciphertext.subarray(1088);
  return xwingSecret(
    ml_kem768.decapsulate(ciphertext.subarray(0, 1088), key.mlkem.secretKey),
    x25519.getSharedSecret(key.scalar, point), point, key.point);
}

const files = {
  keccak: {
    about: 'SHA3-256, SHA3-512, SHAKE128 and SHAKE256 of `data`. [FIPS202 6]',
    blocks: (take) => [0, 1, 71, 72, 135, 136, 137, 167, 168, 300].map((len) => {
      const data = take(len);
      return {
        data,
        sha3_256: sha3_256(data),
        sha3_512: sha3_512(data),
        shake128: shake128(data, { dkLen: 200 }),
        shake256: shake256(data, { dkLen: 200 }),
      };
    }),
  },
  blake2b: {
    about: 'BLAKE2b of `data`, keyed where `key` is not empty; `hash` says the length. [RFC7693]',
    blocks: (take) => [[32, 0, 0], [32, 3, 0], [64, 128, 0], [16, 129, 32], [64, 255, 64],
      [1, 1, 1]].map(([hashLen, len, keyLen]) => {
      const data = take(len);
      const key = take(keyLen);
      return { data, key, hash: blake2b(data, { dkLen: hashLen, key: keyLen ? key : undefined }) };
    }),
  },
  chacha20: {
    about: 'ChaCha20 keystream added to `data`, from block number `block` on. [RFC8439 2.4]',
    blocks: (take) => [[0, 1], [1, 0], [64, 7], [65, 1], [1056, 0x01020304]].map(([len, block]) => {
      const [data, key, nonce] = [take(len), take(32), take(12)];
      const number = Buffer.alloc(4);
      number.writeUInt32BE(block);
      const result = len === 0 ? data : chacha20(key, nonce, data, undefined, block);
      return { key, nonce, block: number, data, result };
    }),
  },
  poly1305: {
    about: 'Poly1305 of `data` under a one-time key. [RFC8439 2.5]',
    blocks: (take) => [0, 1, 15, 16, 17, 64, 1056].map((len) => {
      const [data, key] = [take(len), take(32)];
      return { key, data, tag: poly1305(data, key) };
    }),
  },
  aead: {
    about: 'ChaCha20-Poly1305. [RFC8439 2.8]',
    blocks: (take) => [[0, 0], [0, 12], [1, 0], [64, 16], [1104, 24]].map(([len, adLen]) => {
      const [data, ad, key, nonce] = [take(len), take(adLen), take(32), take(12)];
      const sealed = chacha20poly1305(key, nonce, ad).encrypt(data);
      return {
        key, nonce, ad, data, sealed: sealed.subarray(0, len), tag: sealed.subarray(len),
      };
    }),
  },
  x25519: {
    about: '`scalar` times `point`, and times the base point; a point of low order has no\n' +
      '# `secret`: it is an error. [RFC7748 5]',
    blocks: (take) => {
      const blocks = Array.from({ length: 6 }, () => {
        const [scalar, point] = [take(32), take(32)];
        return {
          scalar, point,
          secret: x25519.getSharedSecret(scalar, point),
          base: x25519.getPublicKey(scalar),
        };
      });
      // 0, 1, p - 1, p, p + 1 and the two points of order 8; then p with the ignored bit set.
      const low = ['00'.repeat(32), '01' + '00'.repeat(31), 'ec' + 'ff'.repeat(30) + '7f',
        'ed' + 'ff'.repeat(30) + '7f', 'ee' + 'ff'.repeat(30) + '7f',
        'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
        '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
        'ed' + 'ff'.repeat(31)];
      for (const hex of low) {
        const [scalar, point] = [take(32), Buffer.from(hex, 'hex')];
        let refused = false;
        try {
          x25519.getSharedSecret(scalar, point);
        } catch {
          refused = true;
        }
        if (!refused) throw new Error(`the oracle accepts ${hex}`);
        blocks.push({ scalar, point, base: x25519.getPublicKey(scalar) });
      }
      return blocks;
    },
  },
  ed25519: {
    about: 'Signature of `message` by the key of `seed`; `forged` does not verify. [RFC8032 5.1]',
    blocks: (take) => [0, 1, 64, 200].map((len) => {
      const [seed, message] = [take(32), take(len)];
      const signature = ed25519.sign(message, seed);
      return {
        seed, message, public_key: ed25519.getPublicKey(seed), signature,
        forged: flip(signature, 8 * len % 512),
      };
    }),
  },
  mlkem768: {
    about: 'ML-KEM-768: key of d || z, encapsulation with m; `changed` is the ciphertext with one\n' +
      '# bit changed and gives the implicit rejection `rejected`. [FIPS203 7]',
    blocks: (take) => [0, 4000, 8703].map((bit) => {
      const [seed, randomness] = [take(64), take(32)];
      const key = ml_kem768.keygen(seed);
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(key.publicKey, randomness);
      const changed = flip(cipherText, bit);
      return {
        seed, randomness, public_key: key.publicKey, ciphertext: cipherText, secret: sharedSecret,
        changed, rejected: ml_kem768.decapsulate(changed, key.secretKey),
      };
    }),
  },
  xwing: {
    about: 'X-Wing; `changed` is the ciphertext with one bit changed (in its ML-KEM part, then in\n' +
      '# its X25519 part) and gives `other`. [XWING 5]',
    blocks: (take) => [100, 8704 + 9].map((bit) => {
      const [seed, randomness] = [take(32), take(64)];
      const key = xwingKey(seed);
      const { ciphertext, secret } = xwingEncapsulate(key, randomness);
      const changed = flip(ciphertext, bit);
      return {
        seed, randomness, public_key: key.publicKey, ciphertext, secret, changed,
        other: xwingDecapsulate(key, changed),
      };
    }),
  },
  mldsa65: {
    about: 'ML-DSA-65: key of `seed`, signature of `message` under `context` with `randomness` (32\n' +
      '# zero bytes: the deterministic variant). [FIPS204 5]',
    blocks: (take) => [[0, 0, 0], [33, 0, 32], [200, 255, 32]].map(([len, contextLen, random]) => {
      const [seed, message, context] = [take(32), take(len), take(contextLen)];
      const randomness = random === 0 ? new Uint8Array(32) : take(32);
      const key = ml_dsa65.keygen(seed);
      return {
        seed, message, context, randomness, public_key: key.publicKey,
        signature: ml_dsa65.sign(key.secretKey, message, context, randomness),
      };
    }),
  },
};

const ascii = (text) => Uint8Array.from(Buffer.from(text, 'latin1'));

Object.assign(files, {
  hpolyc: {
    about: '`result` is `data` encrypted. @[SPEC 3.5]',
    blocks: (take) => [[16, 0], [17, 1], [31, 12], [48, 13], [1040, 8], [1056, 8], [1057, 30],
      [2300, 0]].map(([len, tweakLen]) => {
      const [data, tweak, key] = [take(len), take(tweakLen), take(32)];
      return { key, tweak, data, result: hpolycEncrypt(key, tweak, data) };
    }),
  },
  blinding: {
    about: 'The key of `seed` on one day, and its signature of `message`. @[SPEC 3.7]',
    blocks: (take) => [[0, '', 0], [20000, 'network and address', 10], [2 ** 32 - 1, 'x', 300]]
      .map(([day, text, len]) => {
        const [seed, message, context] = [take(32), take(len), ascii(text)];
        const { publicKey, dayKey, signature } = blind(seed, day, context, message);
        return {
          seed, day: be32(day), context, message, public_key: publicKey, day_key: dayKey, signature,
        };
      }),
  },
  'seed-chain': {
    about: 'All seeds of a chain, one after the other. @[SPEC 3.8]',
    blocks: (take) => [[1, 24], [2, 8], [1, 1]].map(([purpose, count]) => {
      const root = take(32);
      return {
        purpose: Uint8Array.of(purpose), day: be32(20000), count: Uint8Array.of(count), root,
        seeds: concat(...chainSeeds(purpose, 20000, count, root)),
      };
    }),
  },
  merkle: {
    about: 'The tree over 32 keys, of which key i is SHAKE256(seed || i, 32 bits), 1,216 bytes.\n' +
      '# @[SPEC 3.9]',
    blocks: (take) => [0, 1, 22, 24, 31].map((index) => {
      const seed = take(32);
      const { root, paths } = tree(20000 + index, treeKeys(seed));
      return {
        seed, day: be32(20000 + index), index: Uint8Array.of(index), root, path: paths[index],
      };
    }),
  },
});

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(files);
for (const name of chosen) {
  const { about, blocks } = files[name];
  const text = blocks(inputs(name)).map((block) => Object.entries(block)
    .map(([key, value]) => `${key} = ${Buffer.from(value).toString('hex')}`.trimEnd())
    .join('\n'));
  writeFileSync(
    new URL(`../../docs/spec/vectors/${name}.txt`, import.meta.url),
    `# ${about}\n# Written by web/tools/make-vectors.mjs.\n\n${text.join('\n\n')}\n`);
}
