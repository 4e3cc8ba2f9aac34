// One implementation runs rounds of one primitive and prints a digest per block, or every output:
//
//   node worker.mjs IMPLEMENTATION PRIMITIVE FIRST COUNT BLOCK [STRIDE]
//   node worker.mjs IMPLEMENTATION PRIMITIVE FIRST show
//
// With a STRIDE only every so many blocks are run.
import { runRounds } from './rounds.mjs';

const [name, primitive, firstText, countText, blockText = '1', strideText = '1'] =
  process.argv.slice(2);
const implementation = await import(`./implementations/${name}.mjs`);
const first = Number(firstText);
const show = countText === 'show';
const count = show ? 1 : Number(countText);
const block = Number(blockText);
const stride = Number(strideText);

const onBlock = (begin, digest) => {
  if (!show) {
    console.log(`${primitive} ${begin} ${digest}`);
  }
};
const onOutput = show
  ? (round, output, bytes) => console.log(`${output} = ${Buffer.from(bytes).toString('hex')}`)
  : undefined;
for (let begin = first; begin < first + count; begin += block * stride) {
  const blockCount = Math.min(block, first + count - begin);
  runRounds(implementation, primitive, begin, blockCount, block, onBlock, onOutput);
}
