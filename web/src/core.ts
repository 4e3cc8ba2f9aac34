// The core in a WebAssembly module: loading, errors, and one method per primitive. What a method
// takes and gives is what the C function of the same name says in src/crypto; lengths are checked
// here, because the module trusts its driver.

import type { ModuleExports } from './exports.js';
import { Arena } from './memory.js';

/** RandomFill writes bytes fit for keys into all of `bytes`, or throws. */
export type RandomFill = (bytes: Uint8Array) => void;

/** CoreError is an error of the core's list (base/error.h). */
export class CoreError extends Error {
  readonly code: number;

  constructor(code: number, name: string, text: string) {
    super(text);
    this.code = code;
    this.name = name;
  }
}

/** CorePanic says that a fact which the core owns was broken; the instance is of no use any more. */
export class CorePanic extends Error {
  override readonly name = 'CorePanic';
}

function checkLen(what: string, bytes: Uint8Array, len: number): void {
  if (bytes.length !== len) {
    throw new RangeError(`${what} has ${bytes.length} bytes, not ${len}`);
  }
}

export class Core {
  /** The bare exports, for measurements. */
  readonly exports: ModuleExports;
  readonly arena: Arena;

  private constructor(exports: ModuleExports) {
    this.exports = exports;
    this.arena = new Arena(exports);
  }

  /**
   * create makes an instance of the compiled module that draws from `random`. Throws a CoreError
   * (CEPA_ERR_RANDOM) if `random` throws, or gives zeros or the same twice.
   */
  static async create(module: WebAssembly.Module, random: RandomFill): Promise<Core> {
    let memory: WebAssembly.Memory | undefined;
    const fill = (address: number, len: number): number => {
      try {
        random(new Uint8Array(memory!.buffer, address, len));
        return 0;
      } catch {
        return -1;
      }
    };
    const instance = await WebAssembly.instantiate(module, { env: { random: fill } });
    const exports = instance.exports as unknown as ModuleExports;
    memory = exports.memory;
    const core = new Core(exports);
    core.#check(exports.init());
    return core;
  }

  /** draw gives `len` random bytes. */
  draw(len: number): Uint8Array {
    return this.#run((arena) => {
      const bytes = arena.reserve(len);
      this.#check(this.exports.draw(bytes, len));
      return arena.take(bytes, len);
    });
  }

  sha3_256(data: Uint8Array): Uint8Array {
    return this.#hash(32, (to, from) => this.exports.sha3_256(to, from, data.length), data);
  }

  sha3_512(data: Uint8Array): Uint8Array {
    return this.#hash(64, (to, from) => this.exports.sha3_512(to, from, data.length), data);
  }

  shake128(len: number, data: Uint8Array): Uint8Array {
    return this.#hash(len, (to, from) => this.exports.shake128(to, len, from, data.length), data);
  }

  shake256(len: number, data: Uint8Array): Uint8Array {
    return this.#hash(len, (to, from) => this.exports.shake256(to, len, from, data.length), data);
  }

  hpolycEncrypt(data: Uint8Array, tweak: Uint8Array, key: Uint8Array): Uint8Array {
    return this.#hpolyc(this.exports.hpolyc_encrypt, data, tweak, key);
  }

  hpolycDecrypt(data: Uint8Array, tweak: Uint8Array, key: Uint8Array): Uint8Array {
    return this.#hpolyc(this.exports.hpolyc_decrypt, data, tweak, key);
  }

  blake2b(hashLen: number, data: Uint8Array, key: Uint8Array = new Uint8Array()): Uint8Array {
    return this.#run((arena) => {
      const hash = arena.reserve(hashLen);
      this.exports.blake2b(
        hash, hashLen, arena.put(data), data.length, arena.put(key), key.length);
      return arena.take(hash, hashLen);
    });
  }

  chacha20Xor(data: Uint8Array, key: Uint8Array, nonce: Uint8Array, block = 0): Uint8Array {
    checkLen('key', key, 32);
    checkLen('nonce', nonce, 12);
    return this.#run((arena) => {
      const at = arena.put(data);
      this.exports.chacha20_xor(at, data.length, arena.put(key), arena.put(nonce), block);
      return arena.take(at, data.length);
    });
  }

  poly1305(data: Uint8Array, key: Uint8Array): Uint8Array {
    checkLen('key', key, 32);
    return this.#run((arena) => {
      const tag = arena.reserve(16);
      this.exports.poly1305(tag, arena.put(data), data.length, arena.put(key));
      return arena.take(tag, 16);
    });
  }

  aeadSeal(
    data: Uint8Array, ad: Uint8Array, nonce: Uint8Array, key: Uint8Array,
  ): { data: Uint8Array; tag: Uint8Array } {
    checkLen('nonce', nonce, 12);
    checkLen('key', key, 32);
    return this.#run((arena) => {
      const at = arena.put(data);
      const tag = arena.reserve(16);
      this.exports.aead_seal(
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
    return this.#run((arena) => {
      const at = arena.put(data);
      this.#check(this.exports.aead_open(
        at, data.length, arena.put(tag), arena.put(ad), ad.length, arena.put(nonce),
        arena.put(key)));
      return arena.take(at, data.length);
    });
  }

  x25519(scalar: Uint8Array, point: Uint8Array): Uint8Array {
    checkLen('scalar', scalar, 32);
    checkLen('point', point, 32);
    return this.#run((arena) => {
      const secret = arena.reserve(32);
      this.#check(this.exports.x25519(secret, arena.put(scalar), arena.put(point)));
      return arena.take(secret, 32);
    });
  }

  x25519Base(scalar: Uint8Array): Uint8Array {
    checkLen('scalar', scalar, 32);
    return this.#run((arena) => {
      const point = arena.reserve(32);
      this.exports.x25519_base(point, arena.put(scalar));
      return arena.take(point, 32);
    });
  }

  #hash(len: number, call: (to: number, from: number) => void, data: Uint8Array): Uint8Array {
    return this.#run((arena) => {
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
    return this.#run((arena) => {
      const at = arena.put(data);
      cipher(at, data.length, arena.put(tweak), tweak.length, arena.put(key));
      return arena.take(at, data.length);
    });
  }

  #check(result: number): void {
    if (result !== 0) {
      throw new CoreError(
        result, this.arena.text(this.exports.error_name(result)),
        this.arena.text(this.exports.error_text(result)));
    }
  }

  /** One call: inputs in, outputs out, arena wiped; a trap becomes a CorePanic with its text. */
  #run<T>(call: (arena: Arena) => T): T {
    try {
      return call(this.arena);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        const text = this.arena.text(this.exports.panic_text());
        throw new CorePanic(text || error.message, { cause: error });
      }
      throw error;
    } finally {
      this.arena.wipe();
    }
  }
}
