// libsodium 1.0.22 as npm has it: C by others, compiled to WebAssembly by others.
import { load } from '../load.mjs';

const sodium = load('libsodium-wrappers');
await sodium.ready;

const xof = (f) => (len, data) => (len === 0 ? new Uint8Array() : f(len, data));

export const keccak = {
  sha3_256: (data) => sodium.crypto_hash_sha3256(data),
  sha3_512: (data) => sodium.crypto_hash_sha3512(data),
  shake128: xof(sodium.crypto_xof_shake128),
  shake256: xof(sodium.crypto_xof_shake256),
};

export const aead = {
  seal: (data, ad, nonce, key) =>
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt(data, ad, null, nonce, key),
  open: (sealed, ad, nonce, key) => {
    try {
      return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, ad, nonce, key);
    } catch {
      return undefined;
    }
  },
};

export const x25519 = {
  base: (scalar) => sodium.crypto_scalarmult_base(scalar),
  secret: (scalar, point) => sodium.crypto_scalarmult(scalar, point),
};

export const ed25519 = {
  sign: (seed, message) => {
    const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed);
    return { publicKey, signature: sodium.crypto_sign_detached(message, privateKey) };
  },
  verify: (signature, message, publicKey) =>
    sodium.crypto_sign_verify_detached(signature, message, publicKey),
};

const kem = (name) => ({
  key: (seed) => sodium[`crypto_kem_${name}_seed_keypair`](seed),
  encapsulate: (key, randomness) => {
    const made = sodium[`crypto_kem_${name}_enc_deterministic`](key.publicKey, randomness);
    return { ciphertext: made.ciphertext, secret: made.sharedSecret };
  },
  decapsulate: (key, ciphertext) =>
    sodium[`crypto_kem_${name}_dec`](ciphertext, key.privateKey),
});

export const mlkem = kem('mlkem768');
export const xwing = kem('xwing');
