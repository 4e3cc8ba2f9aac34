// What a round of each primitive is. native.c says the same in C; whatever differs between the two
// shows as a difference of digests.
//
// The inputs of a round are one stream: SHAKE256 of a label, the primitive's name and the round's
// number. Outputs go, each with its length before it, into one SHAKE256 per block of rounds.
import { createHash } from 'node:crypto';

const LABEL = 'cepa differential 1';
const DIGEST_LEN = 32;

/** The inputs of one round. */
class Inputs {
  #stream;
  #next = 0;

  constructor(primitive, round, len) {
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(BigInt(round));
    this.#stream = createHash('shake256', { outputLength: len })
      .update(LABEL).update('\0').update(primitive).update('\0').update(number).digest();
  }

  take(len) {
    const end = this.#next + len;
    if (end > this.#stream.length) {
      throw new RangeError('the stream of inputs is too short');
    }
    // A copy, because some implementations wipe what they are given.
    const bytes = Uint8Array.from(this.#stream.subarray(this.#next, end));
    this.#next = end;
    return bytes;
  }

  number(max) {
    const [high, low] = this.take(2);
    return (high * 256 + low) % (max + 1);
  }

  message(max) {
    return this.take(this.number(max));
  }

  /** A copy of `bytes` with one byte changed. */
  corrupt(bytes) {
    const corrupted = Uint8Array.from(bytes);
    const at = this.number(bytes.length - 1);
    corrupted[at] ^= this.take(1)[0] | 1;
    return corrupted;
  }
}

/** What a call gives, or no bytes if it refuses. */
function orNothing(call) {
  try {
    return call();
  } catch {
    return new Uint8Array();
  }
}

const flag = (is) => Uint8Array.of(is ? 1 : 0);

/** name: {inputs: bytes at most, round(implementation, inputs, emit)} */
export const rounds = {
  keccak: {
    inputs: 2500,
    round({ keccak }, inputs, emit) {
      const data = inputs.message(600);
      const len = inputs.number(400);
      emit('sha3_256', keccak.sha3_256(data));
      emit('sha3_512', keccak.sha3_512(data));
      emit('shake128', keccak.shake128(len, data));
      emit('shake256', keccak.shake256(len, data));
      const sideLen = inputs.number(400);
      for (let way = 0; way < 4; way++) {
        emit('side_by_side', keccak.shake256(len, inputs.take(sideLen)));
      }
    },
  },

  blake2b: {
    inputs: 1200,
    round({ blake2b }, inputs, emit) {
      const data = inputs.message(1000);
      const key = inputs.message(64);
      emit('hash', blake2b(1 + inputs.number(63), data, key));
    },
  },

  aead: {
    inputs: 2400,
    round({ aead }, inputs, emit) {
      const data = inputs.message(2000);
      const ad = inputs.message(64);
      const nonce = inputs.take(12);
      const key = inputs.take(32);
      const sealed = aead.seal(data, ad, nonce, key);
      emit('sealed', sealed);
      emit('opened', aead.open(sealed, ad, nonce, key));
      emit('refused', flag(aead.open(inputs.corrupt(sealed), ad, nonce, key) === undefined));
    },
  },

  hpolyc: {
    inputs: 2400,
    round({ hpolyc }, inputs, emit) {
      const data = inputs.take(16 + inputs.number(2000));
      const tweak = inputs.message(64);
      const key = inputs.take(32);
      const encrypted = hpolyc.encrypt(data, tweak, key);
      emit('encrypted', encrypted);
      emit('decrypted', hpolyc.decrypt(inputs.corrupt(encrypted), tweak, key));
    },
  },

  // One round in four has a point near the ends of the range: its high bytes are all ones or zeros.
  // A point of low order has no secret.
  x25519: {
    inputs: 66,
    round({ x25519 }, inputs, emit, number) {
      const scalar = inputs.take(32);
      emit('base', x25519.base(scalar));
      const point = inputs.take(32);
      if (number % 4 === 0) {
        point.fill(number % 8 === 0 ? 255 : 0, inputs.number(31));
      }
      emit('secret', orNothing(() => x25519.secret(scalar, point)));
    },
  },

  // One round in four looks at a corrupted signature, because verifying is slow in JavaScript.
  ed25519: {
    inputs: 500,
    round({ ed25519 }, inputs, emit, number) {
      const seed = inputs.take(32);
      const message = inputs.message(300);
      const { publicKey, signature } = ed25519.sign(seed, message);
      emit('public_key', publicKey);
      emit('signature', signature);
      emit('verified', flag(ed25519.verify(signature, message, publicKey)));
      if (number % 4 === 0) {
        emit('refused', flag(!ed25519.verify(inputs.corrupt(signature), message, publicKey)));
      }
    },
  },

  mlkem: {
    inputs: 100,
    round({ mlkem }, inputs, emit) {
      const key = mlkem.key(inputs.take(64));
      const { ciphertext, secret } = mlkem.encapsulate(key, inputs.take(32));
      emit('public_key', key.publicKey);
      emit('ciphertext', ciphertext);
      emit('secret', secret);
      emit('decapsulated', mlkem.decapsulate(key, ciphertext));
      emit('rejected', mlkem.decapsulate(key, inputs.corrupt(ciphertext)));
    },
  },

  xwing: {
    inputs: 100,
    round({ xwing }, inputs, emit) {
      const key = xwing.key(inputs.take(32));
      const { ciphertext, secret } = xwing.encapsulate(key, inputs.take(64));
      emit('public_key', key.publicKey);
      emit('ciphertext', ciphertext);
      emit('secret', secret);
      emit('decapsulated', xwing.decapsulate(key, ciphertext));
      emit('other', xwing.decapsulate(key, inputs.corrupt(ciphertext)));
    },
  },

  // Signing alternates between the deterministic and the hedged variant. Corrupted signatures as
  // above.
  mldsa: {
    inputs: 800,
    round({ mldsa }, inputs, emit, number) {
      const key = mldsa.key(inputs.take(32));
      const message = inputs.message(300);
      const context = inputs.message(255);
      const hedge = inputs.take(32);
      const randomness = number % 2 === 0 ? new Uint8Array(32) : hedge;
      const signature = mldsa.sign(key, message, context, randomness);
      emit('public_key', key.publicKey);
      emit('signature', signature);
      emit('verified', flag(mldsa.verify(key, signature, message, context)));
      if (number % 4 === 0) {
        const corrupted = inputs.corrupt(signature);
        emit('refused', flag(!mldsa.verify(key, corrupted, message, context)));
      }
    },
  },
};

/**
 * runRounds runs `count` rounds of a primitive from round `first` on. `onBlock(first, digest)` is
 * called after every `block` rounds with the digest of their outputs; `onOutput(round, name,
 * bytes)`, if given, with each output.
 */
export function runRounds(implementation, primitive, first, count, block, onBlock, onOutput) {
  const { inputs, round } = rounds[primitive];
  for (let begin = first; begin < first + count; begin += block) {
    const digest = createHash('shake256', { outputLength: DIGEST_LEN });
    const lenBytes = Buffer.alloc(4);
    for (let number = begin; number < Math.min(begin + block, first + count); number++) {
      const emit = (name, bytes) => {
        onOutput?.(number, name, bytes);
        lenBytes.writeUInt32BE(bytes.length);
        digest.update(lenBytes).update(bytes);
      };
      const stream = new Inputs(primitive, number, inputs);
      round(implementation, stream, emit, number);
    }
    onBlock(begin, digest.digest('hex'));
  }
}
