// The core in a WebAssembly module: making an instance, calling it, and its errors.

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
    core.check(exports.init());
    return core;
  }

  /** draw gives `len` random bytes. */
  draw(len: number): Uint8Array {
    return this.run((arena) => {
      const bytes = arena.reserve(len);
      this.check(this.exports.draw(bytes, len));
      return arena.take(bytes, len);
    });
  }

  /** check throws the core's error if `result` is one. */
  check(result: number): void {
    if (result !== 0) {
      throw new CoreError(
        result, this.arena.text(this.exports.error_name(result)),
        this.arena.text(this.exports.error_text(result)));
    }
  }

  /**
   * run makes one call: inputs in, outputs out, arena wiped. A trap becomes a CorePanic with the
   * text of what broke.
   */
  run<T>(call: (arena: Arena) => T): T {
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
