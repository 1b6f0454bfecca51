// Fills in what Node.js answers to the cases of node.jsonl, a line each: {"code", "want"}. The code is the body of an async
// function; what it returns is the want, or {"error": message}.
//
//	node record-node.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const file = new URL("node.jsonl", import.meta.url);
const require = createRequire(import.meta.url);
const AsyncFunction = (async () => {}).constructor;
const lines = [];
for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
  const { code } = JSON.parse(line);
  let want;
  try {
    want = await new AsyncFunction("require", code)(require);
  } catch (e) {
    want = { error: e.message };
  }
  lines.push(JSON.stringify({ code, want }));
}
writeFileSync(file, lines.join("\n") + "\n");
