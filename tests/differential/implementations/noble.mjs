// noble: pure JavaScript by an author who never saw our code.
import { createCipheriv, createDecipheriv } from 'node:crypto';

import { load } from '../load.mjs';

const { chacha20poly1305, xchacha20 } = load('@noble/ciphers/chacha');
const { poly1305 } = load('@noble/ciphers/_poly1305');
const curves = load('@noble/curves/ed25519');
const hashes = { ...load('@noble/hashes/sha3'), ...load('@noble/hashes/blake2b') };
const { ml_kem768: kem } = load('@noble/post-quantum/ml-kem');
const { ml_dsa65: dsa } = load('@noble/post-quantum/ml-dsa');

export const keccak = {
  sha3_256: hashes.sha3_256,
  sha3_512: hashes.sha3_512,
  shake128: (dkLen, data) => (dkLen === 0 ? new Uint8Array() : hashes.shake128(data, { dkLen })),
  shake256: (dkLen, data) => (dkLen === 0 ? new Uint8Array() : hashes.shake256(data, { dkLen })),
};

export const blake2b = (dkLen, data, key) =>
  hashes.blake2b(data, { dkLen, key: key.length > 0 ? key : undefined });

function orUndefined(call) {
  try {
    return call();
  } catch {
    return undefined;
  }
}

export const aead = {
  seal: (data, ad, nonce, key) => chacha20poly1305(key, nonce, ad).encrypt(data),
  open: (sealed, ad, nonce, key) =>
    orUndefined(() => chacha20poly1305(key, nonce, ad).decrypt(sealed)),
};

// HPolyC from noble's XChaCha20 and Poly1305 and OpenSSL's AES. The arithmetic modulo 2^128 is on
// BigInt. (Crowley, Biggers: Adiantum, 2018.)
const MODULUS = 1n << 128n;
const toNumber = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const toBlock = (number) =>
  Buffer.from(((number + MODULUS) % MODULUS).toString(16).padStart(32, '0'), 'hex').reverse();

function hpolycParts(key, tweak) {
  const nonce = new Uint8Array(24);
  nonce[0] = 1;
  const derived = xchacha20(key, nonce, new Uint8Array(48));
  const hashKey = Buffer.alloc(32);
  hashKey.set(derived.subarray(32), 0);
  const tweakLen = Buffer.alloc(4);
  tweakLen.writeUInt32LE(8 * tweak.length);
  const head = Buffer.concat([tweakLen, tweak]);
  const padded = Buffer.concat([head, Buffer.alloc((16 - (head.length % 16)) % 16)]);
  return {
    hash: (data) => toNumber(poly1305(Uint8Array.from(Buffer.concat([padded, data])), hashKey)),
    aesKey: derived.subarray(0, 32),
    stream: (block, data) => {
      const streamNonce = new Uint8Array(24);
      streamNonce.set(block);
      streamNonce[16] = 1;
      return xchacha20(key, streamNonce, Uint8Array.from(data));
    },
  };
}

function aes(key, block, decrypt) {
  // One block of ECB is the bare cipher.
  const cipher = (decrypt ? createDecipheriv : createCipheriv)('aes-256-ecb', key, null);
  cipher.setAutoPadding(false);
  return cipher.update(block);
}

export const hpolyc = {
  encrypt: (data, tweak, key) => {
    const { hash, aesKey, stream } = hpolycParts(key, tweak);
    const [left, right] = [data.subarray(0, -16), data.subarray(-16)];
    const middle = toBlock(toNumber(right) + hash(left));
    const block = aes(aesKey, middle, false);
    const newLeft = stream(block, left);
    return Buffer.concat([newLeft, toBlock(toNumber(block) - hash(newLeft))]);
  },
  decrypt: (data, tweak, key) => {
    const { hash, aesKey, stream } = hpolycParts(key, tweak);
    const [left, right] = [data.subarray(0, -16), data.subarray(-16)];
    const block = toBlock(toNumber(right) + hash(left));
    const newLeft = stream(block, left);
    const middle = aes(aesKey, block, true);
    return Buffer.concat([newLeft, toBlock(toNumber(middle) - hash(newLeft))]);
  },
};

export const x25519 = {
  base: (scalar) => curves.x25519.getPublicKey(scalar),
  secret: (scalar, point) => curves.x25519.getSharedSecret(scalar, point),
};

export const ed25519 = {
  sign: (seed, message) => ({
    publicKey: curves.ed25519.getPublicKey(seed),
    signature: curves.ed25519.sign(message, seed),
  }),
  verify: (signature, message, publicKey) =>
    curves.ed25519.verify(signature, message, publicKey, { zip215: false }),
};

export const mlkem = {
  key: (seed) => kem.keygen(seed),
  encapsulate: (key, randomness) => {
    const { cipherText, sharedSecret } = kem.encapsulate(key.publicKey, randomness);
    return { ciphertext: cipherText, secret: sharedSecret };
  },
  decapsulate: (key, ciphertext) => kem.decapsulate(ciphertext, key.secretKey),
};

const XWING_LABEL = Buffer.from('\\.//^\\');

function xwingSecret(mlkemSecret, curveSecret, ephemeral, point) {
  return hashes.sha3_256(Uint8Array.from(
    Buffer.concat([mlkemSecret, curveSecret, ephemeral, point, XWING_LABEL])));
}

export const xwing = {
  key: (seed) => {
    const expanded = hashes.shake256(seed, { dkLen: 96 });
    const inner = kem.keygen(expanded.subarray(0, 64));
    const scalar = expanded.subarray(64);
    const point = curves.x25519.getPublicKey(scalar);
    return { inner, scalar, point, publicKey: Buffer.concat([inner.publicKey, point]) };
  },
  encapsulate: (key, randomness) => {
    const inner = kem.encapsulate(key.inner.publicKey, randomness.subarray(0, 32));
    const scalar = randomness.subarray(32);
    const ephemeral = curves.x25519.getPublicKey(scalar);
    const curveSecret = curves.x25519.getSharedSecret(scalar, key.point);
    return {
      ciphertext: Buffer.concat([inner.cipherText, ephemeral]),
      secret: xwingSecret(inner.sharedSecret, curveSecret, ephemeral, key.point),
    };
  },
  decapsulate: (key, ciphertext) => {
    const inner = Uint8Array.from(ciphertext.subarray(0, 1088));
    const ephemeral = Uint8Array.from(ciphertext.subarray(1088));
    const curveSecret = curves.x25519.getSharedSecret(key.scalar, ephemeral);
    return xwingSecret(
      kem.decapsulate(inner, key.inner.secretKey), curveSecret, ephemeral, key.point);
  },
};

export const mldsa = {
  key: (seed) => dsa.keygen(seed),
  sign: (key, message, context, randomness) =>
    dsa.sign(key.secretKey, message, context, randomness),
  verify: (key, signature, message, context) =>
    dsa.verify(key.publicKey, message, signature, context),
};
