// The package's entry in Node.

import { randomFillSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { Core } from './core.js';

export { Core, CoreError, CorePanic, type RandomFill } from './core.js';

/**
 * loadCore compiles the module and makes an instance of it. `source` is where the module is (by
 * default beside this file), its bytes, or the compiled module.
 */
export async function loadCore(
  source: URL | BufferSource | WebAssembly.Module = new URL('./cepa.wasm', import.meta.url),
): Promise<Core> {
  const bytes = source instanceof URL ? await readFile(source) : source;
  const module =
    bytes instanceof WebAssembly.Module ? bytes : await WebAssembly.compile(bytes);
  return Core.create(module, (random) => void randomFillSync(random));
}
