// Holds dial.mjs against the published vectors of section 6.2.
import { readFileSync } from "node:fs";
import { dialPassword, fromHex } from "./dial.mjs";

const text = readFileSync(new URL("../../docs/spec/vectors/dial.txt", import.meta.url), "utf8");
const decode = (hex) => new TextDecoder().decode(fromHex(hex));
let count = 0;
for (const block of text.split("\n\n")) {
  const fields = Object.fromEntries(
    [...block.matchAll(/^(\w+) = ([0-9a-f]*)$/gm)].map(([, name, value]) => [name, value]),
  );
  if (fields.password) {
    const { secret, certificate, ufrag, password } = fields;
    const got = dialPassword(fromHex(secret), fromHex(certificate), decode(ufrag));
    if (got !== decode(password)) {
      console.log(`password of ${decode(ufrag)}: got ${got}, want ${decode(password)}`);
      process.exit(1);
    }
    count++;
  }
}
if (count === 0) {
  console.log("docs/spec/vectors/dial.txt has no vectors");
  process.exit(1);
}
