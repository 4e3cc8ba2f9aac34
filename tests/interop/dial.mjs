// Dialling a node by its address, from sections 6.1 and 6.2 of docs/spec/06-transport.md; for pages
// and for Node. Nothing here knows the C code.
import { shake256 } from "@noble/hashes/sha3";

const ICE_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Section 3.1: SHAKE256 over the label and the inputs, each behind its length. */
function kdf(label, inputs, size) {
  const shake = shake256.create({ dkLen: size });
  shake.update(new TextEncoder().encode(`cepa v1 ${label}\0`));
  for (const input of inputs) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, input.length);
    shake.update(length).update(input);
  }
  return shake.digest();
}

/** Section 6.2: what the node's password is for a user fragment. */
export function dialPassword(secret, certificate, ufrag) {
  const bytes = kdf("ice password", [secret, certificate, new TextEncoder().encode(ufrag)], 18);
  let password = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2];
    for (const shift of [18, 12, 6, 0]) {
      password += ICE_CHARS[(bits >> shift) & 63];
    }
  }
  return password;
}

/** Four characters, as many as browsers draw. */
export function drawUfrag() {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return Array.from(bytes, (byte) => ICE_CHARS[byte & 63]).join("");
}

/**
 * The node's answer, composed from its address ({ ip, port, certificate, secret }; hex). `mid` is
 * that of the offer. `changes` breaks it on purpose: `password`, `certificate` (hex).
 */
export function composeAnswer(address, ufrag, mid = "0", changes = {}) {
  const { ip, port, secret, certificate } = address;
  const password =
    changes.password ?? dialPassword(fromHex(secret), fromHex(certificate), ufrag);
  const fingerprint = (changes.certificate ?? certificate).toUpperCase().match(/../g).join(":");
  return [
    "v=0",
    "o=- 1 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    "a=ice-lite",
    `m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    "a=setup:passive",
    "a=sctp-port:5000",
    "a=max-message-size:262144",
    `a=candidate:1 1 UDP 2130706431 ${ip} ${port} typ host`,
    `a=candidate:2 1 TCP 1520435199 ${ip} ${port} typ host tcptype passive`,
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}
