// Fills in what n8n answers to the cases of a package of nodes. A case is a file NAME/CASE.json of the package's folder testdata,
// which golden.go describes; "want" ({status, outputs?, error?, refused?}, binary data that is text with its content in "text")
// is written by this script.
//
//	node record.mjs FOLDER|FILE…     records the cases that have no "want" (reference.mjs has the options)
import { dirname, join } from "node:path";
import { cases, start, want, workflow, write } from "./reference.mjs";

const todo = [...cases()];
const n8n = await start();
for (const { file, c } of todo) {
  const folder = join(dirname(file), "..", "files");
  c.want = want(await n8n.ask({ workflow: workflow(c, { folder, kinds: Object.keys(c.credentials ?? {}) }), credentials: c.credentials }));
  write(file, c);
}
console.log(`recorded ${todo.length} cases`);
n8n.stop();
