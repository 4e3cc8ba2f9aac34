// Puts the built module beside the compiled sources, where they look for it. CEPA_WASM names
// another module than the one of the build folder.
import { copyFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built =
  process.env.CEPA_WASM ?? fileURLToPath(new URL('../../build/wasm/cepa.wasm', import.meta.url));
if (!existsSync(built)) {
  console.error(`${built} is missing: cmake --preset wasm && cmake --build --preset wasm`);
  process.exit(1);
}
copyFileSync(built, fileURLToPath(new URL('../dist/src/cepa.wasm', import.meta.url)));
