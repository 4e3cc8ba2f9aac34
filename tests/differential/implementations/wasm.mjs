// The core as WebAssembly, through the package of web/.
const { loadCore, CoreError } = await import('../../../web/dist/src/node.js');

const { Primitives } = await import('../../../web/dist/src/primitives.js');

const core = new Primitives(await loadCore());

/** Whether a call of the core that checks something finds it good. */
function isGood(call) {
  return orUndefined(() => {
    call();
    return true;
  }) === true;
}

function orUndefined(call) {
  try {
    return call();
  } catch (error) {
    if (error instanceof CoreError) {
      return undefined;
    }
    throw error;
  }
}

export const keccak = {
  sha3_256: (data) => core.sha3_256(data),
  sha3_512: (data) => core.sha3_512(data),
  shake128: (len, data) => core.shake128(len, data),
  shake256: (len, data) => core.shake256(len, data),
};

export const blake2b = (len, data, key) => core.blake2b(len, data, key);

export const aead = {
  seal: (data, ad, nonce, key) => {
    const sealed = core.aeadSeal(data, ad, nonce, key);
    return Buffer.concat([sealed.data, sealed.tag]);
  },
  open: (sealed, ad, nonce, key) => orUndefined(
    () => core.aeadOpen(sealed.subarray(0, -16), sealed.subarray(-16), ad, nonce, key)),
};

export const hpolyc = {
  encrypt: (data, tweak, key) => core.hpolycEncrypt(data, tweak, key),
  decrypt: (data, tweak, key) => core.hpolycDecrypt(data, tweak, key),
};

export const x25519 = {
  base: (scalar) => core.x25519Base(scalar),
  secret: (scalar, point) => core.x25519(scalar, point),
};

export const mldsa = {
  key: (seed) => ({ publicKey: core.mldsaKeygen(seed) }),
  // The key is in the module's slot.
  sign: (key, message, context, randomness) => core.mldsaSign(message, context, randomness),
  verify: (key, signature, message, context) =>
    isGood(() => core.mldsaVerify(signature, key.publicKey, message, context)),
};

export const ed25519 = {
  sign: (seed, message) => ({
    publicKey: core.ed25519PublicKey(seed),
    signature: core.ed25519Sign(seed, message),
  }),
  verify: (signature, message, publicKey) =>
    isGood(() => core.ed25519Verify(signature, publicKey, message)),
};

// The keys are in the module's slots.
export const mlkem = {
  key: (seed) => ({ publicKey: core.mlkemKeygen(seed) }),
  encapsulate: (key, randomness) => core.mlkemEncapsulate(key.publicKey, randomness),
  decapsulate: (key, ciphertext) => core.mlkemDecapsulate(ciphertext),
};

export const xwing = {
  key: (seed) => ({ publicKey: core.xwingKeygen(seed) }),
  encapsulate: (key, randomness) => core.xwingEncapsulate(key.publicKey, randomness),
  decapsulate: (key, ciphertext) => core.xwingDecapsulate(ciphertext),
};
