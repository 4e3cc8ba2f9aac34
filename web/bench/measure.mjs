// Measures calls of the module: batches of a few milliseconds, and the fastest of them counts,
// because other programs of the machine can only add time.

const BATCHES = 60;
const BATCH_NS = 2e6;

function timeOf(call, count) {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) {
    call();
  }
  return Number(process.hrtime.bigint() - begin);
}

/** measure gives the microseconds of one call. */
export function measure(call) {
  let count = 1;
  let took = timeOf(call, count);
  // Warm up until the engine's optimised code runs, and find how many calls fill a batch.
  for (let warm = 0; warm < 40 || took < BATCH_NS; warm++) {
    if (took < BATCH_NS) {
      count *= 2;
    }
    took = timeOf(call, count);
  }
  let best = took;
  for (let batch = 0; batch < BATCHES; batch++) {
    best = Math.min(best, timeOf(call, count));
  }
  return best / count / 1e3;
}

/** print writes one line of a table; `len`, if given, is how many bytes a call goes over. */
export function print(what, microseconds, len, note = '') {
  const rate = len === undefined ? '' : `${(len / microseconds).toFixed(0)} MB/s`;
  console.log(
    `${what.padEnd(44)} ${microseconds.toFixed(2).padStart(9)} us ${rate.padStart(10)}  ${note}`
      .trimEnd());
}
