// Reads our own test vectors, docs/spec/vectors/*.txt: lines `name = hex`, blocks apart by blank
// lines, `#` begins a comment line. tests/support/vectors.c reads the same.

/** One block: its values by name, and the line of the file where it begins. */
export class Vector {
  readonly line: number;
  readonly #values = new Map<string, Uint8Array>();

  constructor(line: number) {
    this.line = line;
  }

  set(name: string, value: Uint8Array): void {
    if (this.#values.has(name)) {
      throw new SyntaxError(`block of line ${this.line}: ${name} stands twice`);
    }
    this.#values.set(name, value);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** bytes gives the value of `name`; it must be there. */
  bytes(name: string): Uint8Array {
    const value = this.#values.get(name);
    if (value === undefined) {
      throw new SyntaxError(`block of line ${this.line}: no ${name}`);
    }
    return value;
  }

  /** number gives the value of `name` as a big-endian integer of up to six bytes. */
  number(name: string): number {
    const value = this.bytes(name);
    if (value.length === 0 || value.length > 6) {
      throw new SyntaxError(`block of line ${this.line}: ${name} is no number`);
    }
    return value.reduce((number, byte) => number * 256 + byte, 0);
  }

  names(): string[] {
    return [...this.#values.keys()];
  }
}

function parseHex(text: string, line: number): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new SyntaxError(`line ${line}: not lowercase hexadecimal bytes`);
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** parseVectors gives the blocks of a file's text. Throws a SyntaxError that names the line. */
export function parseVectors(text: string): Vector[] {
  const vectors: Vector[] = [];
  let open: Vector | undefined;
  text.split('\n').forEach((content, index) => {
    const line = index + 1;
    if (content === '') {
      open = undefined;
      return;
    }
    if (content.startsWith('#')) {
      return;
    }
    const match = /^([a-z][a-z0-9_]*) =(?: ([^ ]+))?$/.exec(content);
    if (match === null) {
      throw new SyntaxError(`line ${line}: not \`name = hex\``);
    }
    if (open === undefined) {
      open = new Vector(line);
      vectors.push(open);
    }
    open.set(match[1]!, parseHex(match[2] ?? '', line));
  });
  return vectors;
}
