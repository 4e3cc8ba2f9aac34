// Loads a development dependency of web/ from here, where Node would not look for it.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../web/package.json', import.meta.url));

export function load(name) {
  return require(name);
}
