// The reader of vector files takes what it should and names the line of what it should not.

import assert from 'node:assert/strict';
import test from 'node:test';

import { parseVectors } from '../src/vectors.js';

test('blocks, comments and empty values', () => {
  const vectors = parseVectors(
    '# about\n\na = 00ff\nempty =\n# between\nb_2 = 0102\n\n\na = 7f');
  assert.equal(vectors.length, 2);
  assert.deepEqual(vectors.map(({ line }) => line), [3, 9]);
  assert.deepEqual([...vectors[0]!.bytes('a')], [0, 0xff]);
  assert.equal(vectors[0]!.bytes('empty').length, 0);
  assert.equal(vectors[0]!.number('b_2'), 0x102);
  assert.deepEqual(vectors[0]!.names(), ['a', 'empty', 'b_2']);
  assert.ok(!vectors[1]!.has('empty'));
  assert.throws(() => vectors[1]!.bytes('empty'), /block of line 9: no empty/);
});

for (const [what, text, message] of [
  ['a value of half a byte', '\na = 123', /line 2/],
  ['an uppercase digit', 'a = FF', /line 1/],
  ['no equals sign', 'a = 00\nb 00', /line 2/],
  ['an uppercase name', 'A = 00', /line 1/],
  ['a space at the end', 'a = 00 ', /line 1/],
  ['a name twice', 'a = 00\na = 00', /line 1: a stands twice/],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => parseVectors(text), message);
  });
}
