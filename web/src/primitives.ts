// One method per primitive of the core. What a method takes and gives is what the C function of the
// same name says in src/crypto; lengths are checked here, because the module trusts its driver.

import type { Core } from './core.js';
import type { ModuleExports } from './exports.js';

const MLKEM_PUBLIC_KEY_LEN = 1184;
const MLKEM_CIPHERTEXT_LEN = 1088;
const MLKEM_LONG_KEY_LEN = 2400;
const XWING_PUBLIC_KEY_LEN = 1216;
const XWING_CIPHERTEXT_LEN = 1120;
const MLDSA_PUBLIC_KEY_LEN = 1952;
const MLDSA_SIGNATURE_LEN = 3309;

function checkLen(what: string, bytes: Uint8Array, len: number): void {
  if (bytes.length !== len) {
    throw new RangeError(`${what} has ${bytes.length} bytes, not ${len}`);
  }
}

export interface Encapsulation {
  readonly ciphertext: Uint8Array;
  readonly secret: Uint8Array;
}

export class Primitives {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  sha3_256(data: Uint8Array): Uint8Array {
    return this.#hash(32, (to, from) => this.#core.exports.sha3_256(to, from, data.length), data);
  }

  sha3_512(data: Uint8Array): Uint8Array {
    return this.#hash(64, (to, from) => this.#core.exports.sha3_512(to, from, data.length), data);
  }

  shake128(len: number, data: Uint8Array): Uint8Array {
    return this.#hash(len, (to, from) => this.#core.exports.shake128(to, len, from, data.length), data);
  }

  shake256(len: number, data: Uint8Array): Uint8Array {
    return this.#hash(len, (to, from) => this.#core.exports.shake256(to, len, from, data.length), data);
  }

  hpolycEncrypt(data: Uint8Array, tweak: Uint8Array, key: Uint8Array): Uint8Array {
    return this.#hpolyc(this.#core.exports.hpolyc_encrypt, data, tweak, key);
  }

  hpolycDecrypt(data: Uint8Array, tweak: Uint8Array, key: Uint8Array): Uint8Array {
    return this.#hpolyc(this.#core.exports.hpolyc_decrypt, data, tweak, key);
  }

  blake2b(hashLen: number, data: Uint8Array, key: Uint8Array = new Uint8Array()): Uint8Array {
    return this.#core.run((arena) => {
      const hash = arena.reserve(hashLen);
      this.#core.exports.blake2b(
        hash, hashLen, arena.put(data), data.length, arena.put(key), key.length);
      return arena.take(hash, hashLen);
    });
  }

  chacha20Xor(data: Uint8Array, key: Uint8Array, nonce: Uint8Array, block = 0): Uint8Array {
    checkLen('key', key, 32);
    checkLen('nonce', nonce, 12);
    return this.#core.run((arena) => {
      const at = arena.put(data);
      this.#core.exports.chacha20_xor(at, data.length, arena.put(key), arena.put(nonce), block);
      return arena.take(at, data.length);
    });
  }

  poly1305(data: Uint8Array, key: Uint8Array): Uint8Array {
    checkLen('key', key, 32);
    return this.#core.run((arena) => {
      const tag = arena.reserve(16);
      this.#core.exports.poly1305(tag, arena.put(data), data.length, arena.put(key));
      return arena.take(tag, 16);
    });
  }

  aeadSeal(
    data: Uint8Array, ad: Uint8Array, nonce: Uint8Array, key: Uint8Array,
  ): { data: Uint8Array; tag: Uint8Array } {
    checkLen('nonce', nonce, 12);
    checkLen('key', key, 32);
    return this.#core.run((arena) => {
      const at = arena.put(data);
      const tag = arena.reserve(16);
      this.#core.exports.aead_seal(
        at, data.length, tag, arena.put(ad), ad.length, arena.put(nonce), arena.put(key));
      return { data: arena.take(at, data.length), tag: arena.take(tag, 16) };
    });
  }

  aeadOpen(
    data: Uint8Array, tag: Uint8Array, ad: Uint8Array, nonce: Uint8Array, key: Uint8Array,
  ): Uint8Array {
    checkLen('tag', tag, 16);
    checkLen('nonce', nonce, 12);
    checkLen('key', key, 32);
    return this.#core.run((arena) => {
      const at = arena.put(data);
      this.#core.check(this.#core.exports.aead_open(
        at, data.length, arena.put(tag), arena.put(ad), ad.length, arena.put(nonce),
        arena.put(key)));
      return arena.take(at, data.length);
    });
  }

  x25519(scalar: Uint8Array, point: Uint8Array): Uint8Array {
    checkLen('scalar', scalar, 32);
    checkLen('point', point, 32);
    return this.#core.run((arena) => {
      const secret = arena.reserve(32);
      this.#core.check(this.#core.exports.x25519(secret, arena.put(scalar), arena.put(point)));
      return arena.take(secret, 32);
    });
  }

  x25519Base(scalar: Uint8Array): Uint8Array {
    checkLen('scalar', scalar, 32);
    return this.#core.run((arena) => {
      const point = arena.reserve(32);
      this.#core.exports.x25519_base(point, arena.put(scalar));
      return arena.take(point, 32);
    });
  }

  #hash(len: number, call: (to: number, from: number) => void, data: Uint8Array): Uint8Array {
    return this.#core.run((arena) => {
      const bytes = arena.reserve(len);
      call(bytes, arena.put(data));
      return arena.take(bytes, len);
    });
  }

  #hpolyc(
    cipher: ModuleExports['hpolyc_encrypt'], data: Uint8Array, tweak: Uint8Array, key: Uint8Array,
  ): Uint8Array {
    checkLen('key', key, 32);
    if (data.length < 16) {
      throw new RangeError(`data has ${data.length} bytes, fewer than 16`);
    }
    return this.#core.run((arena) => {
      const at = arena.put(data);
      cipher(at, data.length, arena.put(tweak), tweak.length, arena.put(key));
      return arena.take(at, data.length);
    });
  }

  ed25519PublicKey(seed: Uint8Array): Uint8Array {
    checkLen('seed', seed, 32);
    return this.#core.run((arena) => {
      const publicKey = arena.reserve(32);
      this.#core.exports.ed25519_public_key(publicKey, arena.put(seed));
      return arena.take(publicKey, 32);
    });
  }

  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
    checkLen('seed', seed, 32);
    return this.#core.run((arena) => {
      const signature = arena.reserve(64);
      this.#core.exports.ed25519_sign(
        signature, arena.put(seed), arena.put(message), message.length);
      return arena.take(signature, 64);
    });
  }

  ed25519Verify(signature: Uint8Array, publicKey: Uint8Array, message: Uint8Array): void {
    checkLen('signature', signature, 64);
    checkLen('public key', publicKey, 32);
    this.#core.run((arena) => this.#core.check(this.#core.exports.ed25519_verify(
      arena.put(signature), arena.put(publicKey), arena.put(message), message.length)));
  }

  /** mldsaKeygen expands `seed` into the module's one slot and gives the public key. */
  mldsaKeygen(seed: Uint8Array): Uint8Array {
    checkLen('seed', seed, 32);
    return this.#core.run((arena) => {
      const publicKey = arena.reserve(MLDSA_PUBLIC_KEY_LEN);
      this.#core.exports.mldsa_keygen(publicKey, arena.put(seed));
      return arena.take(publicKey, MLDSA_PUBLIC_KEY_LEN);
    });
  }

  /** mldsaSign signs with the key of the slot. */
  mldsaSign(message: Uint8Array, context: Uint8Array, randomness: Uint8Array): Uint8Array {
    checkLen('randomness', randomness, 32);
    return this.#core.run((arena) => {
      const signature = arena.reserve(MLDSA_SIGNATURE_LEN);
      this.#core.check(this.#core.exports.mldsa_sign(
        signature, arena.put(message), message.length, arena.put(context), context.length,
        arena.put(randomness)));
      return arena.take(signature, MLDSA_SIGNATURE_LEN);
    });
  }

  mldsaVerify(
    signature: Uint8Array, publicKey: Uint8Array, message: Uint8Array, context: Uint8Array,
  ): void {
    checkLen('signature', signature, MLDSA_SIGNATURE_LEN);
    checkLen('public key', publicKey, MLDSA_PUBLIC_KEY_LEN);
    this.#core.run((arena) => this.#core.check(this.#core.exports.mldsa_verify(
      arena.put(signature), arena.put(publicKey), arena.put(message), message.length,
      arena.put(context), context.length)));
  }

  /** mlkemKeygen expands d || z into the module's one slot and gives the public key. */
  mlkemKeygen(seed: Uint8Array): Uint8Array {
    checkLen('seed', seed, 64);
    return this.#core.run((arena) => {
      const publicKey = arena.reserve(MLKEM_PUBLIC_KEY_LEN);
      this.#core.exports.mlkem_keygen(publicKey, arena.put(seed));
      return arena.take(publicKey, MLKEM_PUBLIC_KEY_LEN);
    });
  }

  /** mlkemImport puts FIPS 203's long form of a key into the slot. */
  mlkemImport(longKey: Uint8Array): void {
    checkLen('long key', longKey, MLKEM_LONG_KEY_LEN);
    this.#core.run((arena) =>
      this.#core.check(this.#core.exports.mlkem_import(arena.put(longKey))));
  }

  mlkemPublicKeyCheck(publicKey: Uint8Array): void {
    checkLen('public key', publicKey, MLKEM_PUBLIC_KEY_LEN);
    this.#core.run((arena) =>
      this.#core.check(this.#core.exports.mlkem_public_key_check(arena.put(publicKey))));
  }

  mlkemEncapsulate(publicKey: Uint8Array, randomness: Uint8Array): Encapsulation {
    checkLen('public key', publicKey, MLKEM_PUBLIC_KEY_LEN);
    checkLen('randomness', randomness, 32);
    return this.#encapsulate(
      this.#core.exports.mlkem_encapsulate, MLKEM_CIPHERTEXT_LEN, publicKey, randomness);
  }

  /** mlkemDecapsulate uses the key of the slot. */
  mlkemDecapsulate(ciphertext: Uint8Array): Uint8Array {
    checkLen('ciphertext', ciphertext, MLKEM_CIPHERTEXT_LEN);
    return this.#core.run((arena) => {
      const secret = arena.reserve(32);
      this.#core.exports.mlkem_decapsulate(secret, arena.put(ciphertext));
      return arena.take(secret, 32);
    });
  }

  /** xwingKeygen expands `seed` into the module's one slot and gives the public key. */
  xwingKeygen(seed: Uint8Array): Uint8Array {
    checkLen('seed', seed, 32);
    return this.#core.run((arena) => {
      const publicKey = arena.reserve(XWING_PUBLIC_KEY_LEN);
      this.#core.exports.xwing_keygen(publicKey, arena.put(seed));
      return arena.take(publicKey, XWING_PUBLIC_KEY_LEN);
    });
  }

  xwingEncapsulate(publicKey: Uint8Array, randomness: Uint8Array): Encapsulation {
    checkLen('public key', publicKey, XWING_PUBLIC_KEY_LEN);
    checkLen('randomness', randomness, 64);
    return this.#encapsulate(
      this.#core.exports.xwing_encapsulate, XWING_CIPHERTEXT_LEN, publicKey, randomness);
  }

  /** xwingDecapsulate uses the key of the slot. */
  xwingDecapsulate(ciphertext: Uint8Array): Uint8Array {
    checkLen('ciphertext', ciphertext, XWING_CIPHERTEXT_LEN);
    return this.#core.run((arena) => {
      const secret = arena.reserve(32);
      this.#core.check(this.#core.exports.xwing_decapsulate(secret, arena.put(ciphertext)));
      return arena.take(secret, 32);
    });
  }

  #encapsulate(
    kem: ModuleExports['mlkem_encapsulate'], ciphertextLen: number, publicKey: Uint8Array,
    randomness: Uint8Array,
  ): Encapsulation {
    return this.#core.run((arena) => {
      const ciphertext = arena.reserve(ciphertextLen);
      const secret = arena.reserve(32);
      this.#core.check(
        kem(ciphertext, secret, arena.put(publicKey), arena.put(randomness)));
      return {
        ciphertext: arena.take(ciphertext, ciphertextLen),
        secret: arena.take(secret, 32),
      };
    });
  }
}
