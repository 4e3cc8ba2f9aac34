// Our own vectors, docs/spec/vectors, hold through WebAssembly. tests/spec/test_vectors.c and its
// neighbours check the same files natively.

import assert from 'node:assert/strict';
import test from 'node:test';

import { CoreError, loadCore } from '../src/node.js';
import { Onion } from '../src/onion.js';
import { Primitives } from '../src/primitives.js';
import type { Vector } from '../src/vectors.js';
import { checkAddress } from './address.js';
import { checkAddressDescriptor } from './address-descriptor.js';
import { checkApplication } from './application.js';
import { checkCircuit } from './circuit.js';
import { checkHandshake } from './handshake.js';
import { checkBlinding, checkChain, checkTree } from './keys.js';
import { checkMesh } from './mesh.js';
import { checkPackets } from './packet.js';

import { checkLetter } from './letter.js';
import { checkLink } from './link.js';
import { checkDial, checkOffer } from './offer.js';
import { hpolycDecrypt, hpolycEncrypt } from './reference.js';
import { checkServices } from './services.js';
import { readVectors, toHex, vectorFiles } from './support.js';

type Check = (core: Primitives, vector: Vector, onion: Onion) => void | Promise<void>;

function same(vector: Vector, name: string, got: Uint8Array): void {
  assert.equal(toHex(got), toHex(vector.bytes(name)), `${name}, block of line ${vector.line}`);
}

function refuses(name: string, call: () => unknown): void {
  assert.throws(call, (error) => error instanceof CoreError && error.name === name);
}

const checks: Record<string, Check> = {
  'keccak.txt': (core, vector) => {
    const data = vector.bytes('data');
    same(vector, 'sha3_256', core.sha3_256(data));
    same(vector, 'sha3_512', core.sha3_512(data));
    same(vector, 'shake128', core.shake128(200, data));
    same(vector, 'shake256', core.shake256(200, data));
  },

  'blake2b.txt': (core, vector) => {
    same(vector, 'hash',
      core.blake2b(vector.bytes('hash').length, vector.bytes('data'), vector.bytes('key')));
  },

  'chacha20.txt': (core, vector) => {
    same(vector, 'result', core.chacha20Xor(
      vector.bytes('data'), vector.bytes('key'), vector.bytes('nonce'), vector.number('block')));
  },

  'poly1305.txt': (core, vector) => {
    same(vector, 'tag', core.poly1305(vector.bytes('data'), vector.bytes('key')));
  },

  'aead.txt': (core, vector) => {
    const [ad, nonce, key] = [vector.bytes('ad'), vector.bytes('nonce'), vector.bytes('key')];
    const sealed = core.aeadSeal(vector.bytes('data'), ad, nonce, key);
    same(vector, 'sealed', sealed.data);
    same(vector, 'tag', sealed.tag);
    same(vector, 'data', core.aeadOpen(sealed.data, sealed.tag, ad, nonce, key));
    sealed.tag[3]! ^= 1;
    refuses('CEPA_ERR_AUTHENTICATION',
      () => core.aeadOpen(sealed.data, sealed.tag, ad, nonce, key));
  },

  'x25519.txt': (core, vector) => {
    const [scalar, point] = [vector.bytes('scalar'), vector.bytes('point')];
    if (vector.has('secret')) {
      same(vector, 'secret', core.x25519(scalar, point));
    } else {
      refuses('CEPA_ERR_LOW_ORDER_POINT', () => core.x25519(scalar, point));
    }
    same(vector, 'base', core.x25519Base(scalar));
  },

  'ed25519.txt': (core, vector) => {
    const [seed, message] = [vector.bytes('seed'), vector.bytes('message')];
    const publicKey = core.ed25519PublicKey(seed);
    same(vector, 'public_key', publicKey);
    same(vector, 'signature', core.ed25519Sign(seed, message));
    core.ed25519Verify(vector.bytes('signature'), publicKey, message);
    refuses('CEPA_ERR_AUTHENTICATION',
      () => core.ed25519Verify(vector.bytes('forged'), publicKey, message));
  },

  'mldsa65.txt': (core, vector) => {
    const [message, context] = [vector.bytes('message'), vector.bytes('context')];
    const publicKey = core.mldsaKeygen(vector.bytes('seed'));
    same(vector, 'public_key', publicKey);
    const signature = core.mldsaSign(message, context, vector.bytes('randomness'));
    same(vector, 'signature', signature);
    core.mldsaVerify(signature, publicKey, message, context);
    signature[signature.length - 70]! ^= 1;
    refuses('CEPA_ERR_AUTHENTICATION',
      () => core.mldsaVerify(signature, publicKey, message, context));
  },

  'mlkem768.txt': (core, vector) => {
    const publicKey = core.mlkemKeygen(vector.bytes('seed'));
    same(vector, 'public_key', publicKey);
    const made = core.mlkemEncapsulate(publicKey, vector.bytes('randomness'));
    same(vector, 'ciphertext', made.ciphertext);
    same(vector, 'secret', made.secret);
    same(vector, 'secret', core.mlkemDecapsulate(made.ciphertext));
    same(vector, 'rejected', core.mlkemDecapsulate(vector.bytes('changed')));
  },

  'xwing.txt': (core, vector) => {
    const publicKey = core.xwingKeygen(vector.bytes('seed'));
    same(vector, 'public_key', publicKey);
    const made = core.xwingEncapsulate(publicKey, vector.bytes('randomness'));
    same(vector, 'ciphertext', made.ciphertext);
    same(vector, 'secret', made.secret);
    same(vector, 'secret', core.xwingDecapsulate(made.ciphertext));
    same(vector, 'other', core.xwingDecapsulate(vector.bytes('changed')));
  },

  'hpolyc.txt': (core, vector) => {
    const [key, tweak] = [vector.bytes('key'), vector.bytes('tweak')];
    const [data, result] = [vector.bytes('data'), vector.bytes('result')];
    same(vector, 'result', core.hpolycEncrypt(data, tweak, key));
    same(vector, 'data', core.hpolycDecrypt(result, tweak, key));
    same(vector, 'result', hpolycEncrypt(key, tweak, data));
    same(vector, 'data', hpolycDecrypt(key, tweak, result));
  },

  'blinding.txt': (_core, vector) => checkBlinding(vector),
  'seed-chain.txt': (_core, vector) => checkChain(vector),
  'merkle.txt': (_core, vector) => checkTree(vector),

  'circuit.txt': checkCircuit,

  'handshake.txt': (_core, vector) => checkHandshake(vector),

  'letter.txt': (core, vector) => checkLetter(core, vector),

  'packet.txt': checkPackets,

  'dial.txt': (_core, vector) => checkDial(vector),

  'offer.txt': (_core, vector) => checkOffer(vector),

  'mesh.txt': checkMesh,
  'link.txt': (_core, vector) => checkLink(vector),
  'address.txt': (_core, vector) => checkAddress(vector),
  'address-descriptor.txt': checkAddressDescriptor,
  'application.txt': (_core, vector) => checkApplication(vector),
  'services.txt': (_core, vector) => checkServices(vector),
};

for (const file of vectorFiles()) {
  test(file, async (t) => {
    const check = checks[file];
    const vectors = readVectors(file);
    assert.ok(check !== undefined, `no check for ${file}`);
    assert.ok(vectors.length > 0);
    const core = await loadCore();
    const [primitives, onion] = [new Primitives(core), new Onion(core)];
    for (const vector of vectors) {
      await check(primitives, vector, onion);
    }
    t.diagnostic(`${vectors.length} blocks`);
  });
}
