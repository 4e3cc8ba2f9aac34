// The control: OpenSSL's Keccak, but wherever a SHA3-256 digest begins with a zero byte its last bit
// is wrong. A comparison that does not find this finds nothing.
import { keccak as right } from './openssl.mjs';

export const keccak = {
  ...right,
  sha3_256: (data) => {
    const digest = right.sha3_256(data);
    digest[31] ^= digest[0] === 0 ? 1 : 0;
    return digest;
  },
};
