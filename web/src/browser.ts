// The package's entry in browsers and their workers.

import { Core } from './core.js';

export { Core, CoreError, CorePanic, type RandomFill } from './core.js';

/** crypto.getRandomValues refuses more than this at once. */
const RANDOM_LEN_MAX = 65536;

function fillRandom(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += RANDOM_LEN_MAX) {
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_LEN_MAX) as Uint8Array<ArrayBuffer>);
  }
}

/**
 * loadCore compiles the module and makes an instance of it. `source` is where the module is (by
 * default beside this file), its bytes, or the compiled module.
 */
export async function loadCore(
  source: URL | BufferSource | WebAssembly.Module = new URL('./cepa.wasm', import.meta.url),
): Promise<Core> {
  let module: WebAssembly.Module;
  if (source instanceof WebAssembly.Module) {
    module = source;
  } else if (source instanceof URL) {
    module = await WebAssembly.compileStreaming(fetch(source));
  } else {
    module = await WebAssembly.compile(source);
  }
  return Core.create(module, fillRandom);
}
