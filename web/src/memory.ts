// The module's memory from outside: an arena that every call fills from its start and that is
// wiped after it, so that no secret stays there between calls.

import type { ModuleExports } from './exports.js';

const ALIGNMENT = 16;

export class Arena {
  readonly #memory: WebAssembly.Memory;
  readonly #start: number;
  readonly #end: number;
  #next: number;

  constructor(exports: ModuleExports) {
    this.#memory = exports.memory;
    this.#start = exports.arena();
    this.#end = this.#start + exports.arena_len();
    this.#next = this.#start;
  }

  /** view gives the bytes at an address. A growing memory detaches views: use it at once. */
  view(address: number, len: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, len);
  }

  /** reserve sets aside `len` bytes until the next wipe and gives their address. */
  reserve(len: number): number {
    const address = this.#next;
    if (len > this.#end - address) {
      throw new RangeError(`the module's arena has no room for ${len} bytes more`);
    }
    this.#next = Math.min(this.#end, address + Math.ceil(len / ALIGNMENT) * ALIGNMENT);
    return address;
  }

  /** put copies `bytes` in and gives their address. */
  put(bytes: Uint8Array): number {
    const address = this.reserve(bytes.length);
    this.view(address, bytes.length).set(bytes);
    return address;
  }

  /** take copies `len` bytes out. */
  take(address: number, len: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.view(address, len));
  }

  /** text reads a text that ends with a zero byte. */
  text(address: number): string {
    const bytes = new Uint8Array(this.#memory.buffer, address);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  /** wipe zeroes what was reserved and begins anew. */
  wipe(): void {
    this.view(this.#start, this.#next - this.#start).fill(0);
    this.#next = this.#start;
  }
}
