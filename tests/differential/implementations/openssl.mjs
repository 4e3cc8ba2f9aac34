// OpenSSL, as Node brings it.
import {
  createCipheriv, createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman,
  sign, verify,
} from 'node:crypto';

const digest = (name) => (data) => createHash(name).update(data).digest();
const xof = (name) => (outputLength, data) =>
  (outputLength === 0 ? Buffer.alloc(0) : createHash(name, { outputLength }).update(data).digest());

export const keccak = {
  sha3_256: digest('sha3-256'),
  sha3_512: digest('sha3-512'),
  shake128: xof('shake128'),
  shake256: xof('shake256'),
};

const AEAD = 'chacha20-poly1305';
const TAG = { authTagLength: 16 };

export const aead = {
  seal: (data, ad, nonce, key) => {
    const cipher = createCipheriv(AEAD, key, nonce, TAG).setAAD(ad);
    return Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]);
  },
  open: (sealed, ad, nonce, key) => {
    const cipher = createDecipheriv(AEAD, key, nonce, TAG).setAAD(ad);
    cipher.setAuthTag(sealed.subarray(-16));
    try {
      return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
    } catch {
      return undefined;
    }
  },
};

// The last byte of the object identifier names the algorithm.
const X25519 = 0x6e;
const ED25519 = 0x70;
const privateKey = (algorithm, bytes) => createPrivateKey({
  format: 'der', type: 'pkcs8',
  key: Buffer.concat([
    Buffer.from('302e020100300506032b65', 'hex'), Buffer.of(algorithm, 0x04, 0x22, 0x04, 0x20),
    bytes]),
});
const publicKey = (algorithm, bytes) => createPublicKey({
  format: 'der', type: 'spki',
  key: Buffer.concat([
    Buffer.from('302a300506032b65', 'hex'), Buffer.of(algorithm, 0x03, 0x21, 0x00), bytes]),
});
const publicBytes = (key) =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);

export const x25519 = {
  base: (scalar) => publicBytes(privateKey(X25519, scalar)),
  secret: (scalar, point) => diffieHellman({
    privateKey: privateKey(X25519, scalar), publicKey: publicKey(X25519, point),
  }),
};

export const ed25519 = {
  sign: (seed, message) => {
    const key = privateKey(ED25519, seed);
    return { publicKey: publicBytes(key), signature: sign(null, message, key) };
  },
  verify: (signature, message, bytes) =>
    verify(null, message, publicKey(ED25519, bytes), signature),
};
