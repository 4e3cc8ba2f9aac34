// The npm package mlkem: a third author's ML-KEM, pure TypeScript.
import { load } from '../load.mjs';

const kem = await load('mlkem').createMlKem768();

export const mlkem = {
  key: (seed) => {
    const [publicKey, secretKey] = kem.deriveKeyPair(seed);
    return { publicKey, secretKey };
  },
  encapsulate: (key, randomness) => {
    const [ciphertext, secret] = kem.encap(key.publicKey, randomness);
    return { ciphertext, secret };
  },
  decapsulate: (key, ciphertext) => kem.decap(ciphertext, key.secretKey),
};
