// What cepa.wasm exports, as src/wasm/*.h declares it. Addresses and lengths are numbers; every
// address lies in the arena; results are 0 or a negative CEPA_ERR_* where not void.

export interface ModuleExports {
  readonly memory: WebAssembly.Memory;
  init(): number;
  draw(bytes: number, len: number): number;
  arena(): number;
  arena_len(): number;
  panic_text(): number;
  error_name(error: number): number;
  error_text(error: number): number;

  sha3_256(digest: number, data: number, len: number): void;
  sha3_512(digest: number, data: number, len: number): void;
  shake128(bytes: number, bytesLen: number, data: number, len: number): void;
  shake256(bytes: number, bytesLen: number, data: number, len: number): void;
  hpolyc_encrypt(data: number, len: number, tweak: number, tweakLen: number, key: number): void;
  hpolyc_decrypt(data: number, len: number, tweak: number, tweakLen: number, key: number): void;
  blake2b(
    hash: number, hashLen: number, data: number, len: number, key: number, keyLen: number,
  ): void;
  chacha20_xor(data: number, len: number, key: number, nonce: number, block: number): void;
  poly1305(tag: number, data: number, len: number, key: number): void;
  aead_seal(
    data: number, len: number, tag: number, ad: number, adLen: number, nonce: number, key: number,
  ): void;
  aead_open(
    data: number, len: number, tag: number, ad: number, adLen: number, nonce: number, key: number,
  ): number;

  x25519(secret: number, scalar: number, point: number): number;
  x25519_base(point: number, scalar: number): void;
  ed25519_public_key(publicKey: number, seed: number): void;
  ed25519_sign(signature: number, seed: number, message: number, messageLen: number): void;
  ed25519_verify(
    signature: number, publicKey: number, message: number, messageLen: number,
  ): number;
  mldsa_keygen(publicKey: number, seed: number): void;
  mldsa_sign(
    signature: number, message: number, messageLen: number, context: number, contextLen: number,
    randomness: number,
  ): number;
  mldsa_verify(
    signature: number, publicKey: number, message: number, messageLen: number, context: number,
    contextLen: number,
  ): number;
  mldsa_wipe(): void;

  mlkem_keygen(publicKey: number, seed: number): void;
  mlkem_import(longKey: number): number;
  mlkem_public_key_check(publicKey: number): number;
  mlkem_encapsulate(
    ciphertext: number, secret: number, publicKey: number, randomness: number,
  ): number;
  mlkem_decapsulate(secret: number, ciphertext: number): void;
  xwing_keygen(publicKey: number, seed: number): void;
  xwing_encapsulate(
    ciphertext: number, secret: number, publicKey: number, randomness: number,
  ): number;
  xwing_decapsulate(secret: number, ciphertext: number): number;
  kem_wipe(): void;

  relay_init(): number;
  relay_rotate(publicKey: number, epoch: number, seed: number): number;
  relay_forget(): void;
  onion_key_id(id: number, publicKey: number): void;
  packet_build(
    packet: number, seeds: number, hops: number, hopsLen: number, epoch: number,
    recipient: number, content: number, contentLen: number,
  ): number;
  packet_peel(peeled: number, packet: number, packetLen: number, fromCircuit: number): number;
  surb_create(
    surb: number, hops: number, hopsLen: number, epoch: number, recipient: number,
  ): number;
  surb_use(
    packet: number, first: number, surb: number, surbLen: number, content: number,
    contentLen: number,
  ): number;
  surb_open(content: number, delta: number, deltaLen: number): number;
  circuit_init(seed: number, isLast: number): void;
  circuit_forward(step: number, counter: number, body: number): number;
  circuit_backward(counter: number, body: number): number;
  circuit_originate(
    counter: number, body: number, command: number, data: number, dataLen: number,
  ): number;
  circuit_keys(keys: number, seed: number): void;
  circuit_renew(
    keys: number, chain: number, secret: number, offer: number, ciphertext: number,
  ): void;
  onion_wipe(): void;
  circuit_wipe(): void;
}
