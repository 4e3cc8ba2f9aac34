// What the tests share.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { parseVectors, type Vector } from '../src/vectors.js';

/** The root of the project, seen from the compiled tests. */
export const projectRoot = new URL('../../../', import.meta.url);

const vectorsFolder = new URL('docs/spec/vectors/', projectRoot);

export const moduleBytes = readFileSync(new URL('../src/cepa.wasm', import.meta.url));

export function vectorFiles(): string[] {
  return readdirSync(vectorsFolder).filter((name) => name.endsWith('.txt')).sort();
}

export function readVectors(name: string): Vector[] {
  return parseVectors(readFileSync(new URL(name, vectorsFolder), 'utf8'));
}

/** The text of a published vector file, or undefined where the folder is not there. */
export function readPublished(name: string): string | undefined {
  const folder = process.env['CEPA_VECTORS']
    ?? fileURLToPath(new URL('../shared/vectors', projectRoot));
  try {
    return readFileSync(`${folder}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
