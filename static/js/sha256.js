// SHA-256 of a text as hexadecimal digits (FIPS 180-4), for pages where the browser offers none.

const bits = (number) => Math.floor((number - Math.floor(number)) * 2 ** 32);
const isPrime = (number) => ![...Array(number).keys()].some((other) => other > 1 && number % other === 0);
const PRIMES = [...Array(312).keys()].filter((number) => number > 1 && isPrime(number)); // the first 64
const START = PRIMES.slice(0, 8).map((prime) => bits(Math.sqrt(prime)));
const ROUNDS = PRIMES.map((prime) => bits(Math.cbrt(prime)));
const encoder = new TextEncoder();
const turned = (word, by) => (word >>> by) | (word << (32 - by));

function padded(text) {
  const bytes = encoder.encode(text);
  const blocks = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64));
  bytes.forEach((byte, at) => blocks.setUint8(at, byte));
  blocks.setUint8(bytes.length, 0x80);
  blocks.setUint32(blocks.byteLength - 4, bytes.length * 8);
  return blocks;
}

function schedule(blocks, from) {
  const words = new Int32Array(64);
  for (let at = 0; at < 64; at += 1) {
    if (at < 16) {
      words[at] = blocks.getInt32(from + at * 4);
      continue;
    }
    const [far, near] = [words[at - 15], words[at - 2]];
    const small = turned(far, 7) ^ turned(far, 18) ^ (far >>> 3);
    words[at] = words[at - 16] + small + words[at - 7] + (turned(near, 17) ^ turned(near, 19) ^ (near >>> 10));
  }
  return words;
}

function mixed(state, words) {
  let [a, b, c, d, e, f, g, h] = state;
  for (let at = 0; at < 64; at += 1) {
    const chosen = (e & f) ^ (~e & g);
    const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + chosen + ROUNDS[at] + words[at]) | 0;
    const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  return [a, b, c, d, e, f, g, h].map((word, at) => (word + state[at]) | 0);
}

export function sha256(text) {
  const blocks = padded(text);
  let state = START;
  for (let from = 0; from < blocks.byteLength; from += 64) state = mixed(state, schedule(blocks, from));
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
