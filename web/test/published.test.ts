// Published vectors hold through WebAssembly, as they do natively, and for the oracle that the
// differential test trusts. Skipped, visibly, where the folder of published vectors is absent.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test, { type TestContext } from 'node:test';

import { CoreError, loadCore } from '../src/node.js';
import { Primitives } from '../src/primitives.js';
import { fromHex, readPublished, toHex } from './support.js';

const core = new Primitives(await loadCore());
const require = createRequire(import.meta.url);

/** The parsed file, or undefined after telling that the test is skipped. */
function published(t: TestContext, name: string): any {
  const text = readPublished(name);
  if (text === undefined) {
    t.skip(`${name} is not in the folder of published vectors (CEPA_VECTORS)`);
    return undefined;
  }
  return JSON.parse(text);
}

function groupTests(file: any, parameterSet: string, wanted?: string): any[] {
  const group = file.testGroups.find((each: any) =>
    each.parameterSet === parameterSet && each.function === wanted);
  assert.ok(group.tests.length > 0);
  return group.tests;
}

function isRefused(call: () => void): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (error instanceof CoreError || error instanceof RangeError) {
      return true;
    }
    throw error;
  }
}

test('HPolyC_XChaCha20_32_AES256', (t) => {
  const vectors = published(t, 'HPolyC_XChaCha20_32_AES256.json');
  for (const { input, plaintext_hex, ciphertext_hex } of vectors ?? []) {
    const [key, tweak] = [fromHex(input.key_hex), fromHex(input.tweak_hex)];
    const encrypted = core.hpolycEncrypt(fromHex(plaintext_hex), tweak, key);
    assert.equal(toHex(encrypted), ciphertext_hex);
    assert.equal(toHex(core.hpolycDecrypt(encrypted, tweak, key)), plaintext_hex);
  }
});

test('ML-KEM-768 key generation, ACVP', (t) => {
  const vectors = published(t, 'ML-KEM-keyGen-FIPS203.json');
  const { ml_kem768: oracle } = require('@noble/post-quantum/ml-kem');
  for (const { d, z, ek, dk } of vectors ? groupTests(vectors, 'ML-KEM-768') : []) {
    const seed = fromHex(d + z);
    assert.equal(toHex(core.mlkemKeygen(seed)), ek.toLowerCase());
    const key = oracle.keygen(seed);
    assert.equal(toHex(key.publicKey), ek.toLowerCase());
    assert.equal(toHex(key.secretKey), dk.toLowerCase());
  }
});

test('ML-KEM-768 encapsulation and decapsulation, ACVP', (t) => {
  const vectors = published(t, 'ML-KEM-encapDecap-FIPS203.json');
  const { ml_kem768: oracle } = require('@noble/post-quantum/ml-kem');
  const tests = (wanted: string): any[] =>
    vectors ? groupTests(vectors, 'ML-KEM-768', wanted) : [];
  for (const { ek, m, c, k } of tests('encapsulation')) {
    const made = core.mlkemEncapsulate(fromHex(ek), fromHex(m));
    assert.equal(toHex(made.ciphertext), c.toLowerCase());
    assert.equal(toHex(made.secret), k.toLowerCase());
    assert.equal(toHex(oracle.encapsulate(fromHex(ek), fromHex(m)).cipherText), c.toLowerCase());
  }
  for (const { dk, c, k } of tests('decapsulation')) {
    core.mlkemImport(fromHex(dk));
    assert.equal(toHex(core.mlkemDecapsulate(fromHex(c))), k.toLowerCase());
    assert.equal(toHex(oracle.decapsulate(fromHex(c), fromHex(dk))), k.toLowerCase());
  }
  for (const { ek, testPassed } of tests('encapsulationKeyCheck')) {
    assert.equal(isRefused(() => core.mlkemPublicKeyCheck(fromHex(ek))), !testPassed);
  }
  for (const { dk, testPassed } of tests('decapsulationKeyCheck')) {
    assert.equal(isRefused(() => core.mlkemImport(fromHex(dk))), !testPassed);
  }
});

test('X-Wing, the draft', (t) => {
  for (const { seed, eseed, pk, ct, ss } of published(t, 'xwing.json') ?? []) {
    const publicKey = core.xwingKeygen(fromHex(seed));
    assert.equal(toHex(publicKey), pk);
    const made = core.xwingEncapsulate(publicKey, fromHex(eseed));
    assert.equal(toHex(made.ciphertext), ct);
    assert.equal(toHex(made.secret), ss);
    assert.equal(toHex(core.xwingDecapsulate(made.ciphertext)), ss);
  }
});

test('ML-DSA-65 key generation, ACVP', (t) => {
  const vectors = published(t, 'ML-DSA-keyGen-FIPS204.json');
  const { ml_dsa65: oracle } = require('@noble/post-quantum/ml-dsa');
  for (const { seed, pk, sk } of vectors ? groupTests(vectors, 'ML-DSA-65') : []) {
    assert.equal(toHex(core.mldsaKeygen(fromHex(seed))), pk.toLowerCase());
    const key = oracle.keygen(fromHex(seed));
    assert.equal(toHex(key.publicKey), pk.toLowerCase());
    assert.equal(toHex(key.secretKey), sk.toLowerCase());
  }
});

test('ML-DSA-65 verification, Wycheproof', (t) => {
  const vectors = published(t, 'mldsa_65_verify_test.json');
  let tests = 0;
  for (const group of vectors?.testGroups ?? []) {
    const publicKey = fromHex(group.publicKey);
    for (const { msg, ctx, sig, result, tcId } of group.tests) {
      const refused = isRefused(() =>
        core.mldsaVerify(fromHex(sig), publicKey, fromHex(msg), fromHex(ctx ?? '')));
      assert.equal(refused, result === 'invalid', `test ${tcId}`);
      tests++;
    }
  }
  assert.ok(vectors === undefined || tests === vectors.numberOfTests);
});
