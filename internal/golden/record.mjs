// Fills in what n8n answers to the cases of a package of nodes (see golden.go). A case is a file NAME/CASE.json of the
// package's folder testdata:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "before"?: [nodes], "want": …}
//
// The node runs between a Manual Trigger "Start" with these items pinned (behind it the nodes of "before", in a chain) and
// nothing; "timezone" is the workflow's, UTC if it is not there. Binary data of input has its content in "data" (base64), "text", or a "file" of testdata/files. "want" is written by
// this script: {status, outputs?, error?, refused?}, binary data that is text with its content in "text".
//
//	node record.mjs FOLDER|FILE…     records the cases that have no "want" (all with --all)
//
// It needs n8n 2.40.7 behind a program run.js that answers workflows, one JSON a line; N8N_REFERENCE_HOME is its folder.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const args = process.argv.slice(2).filter((a) => a !== "--all");
const all = process.argv.includes("--all");
if (!process.env.N8N_REFERENCE_HOME) throw new Error("set N8N_REFERENCE_HOME");
if (!args.length) throw new Error("name a folder of cases");

const files = (path) => (statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((f) => files(join(path, f))) : [path]);
const cases = args.flatMap(files).filter((f) => f.endsWith(".json") && basename(dirname(f)) !== "files");

const reference = spawn(process.execPath, [join(process.env.N8N_REFERENCE_HOME, "run.js"), "--serve"], { stdio: ["pipe", "pipe", "ignore"] });

// Lines end with \n only: JSON may hold U+2028, which readline takes for an end too.
async function* answers() {
  let rest = "";
  for await (const chunk of reference.stdout.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}
const answer = answers();
const next = async (id) => {
  for (;;) {
    const { value } = await answer.next();
    if (value.ready || value.id === id) return value;
  }
};
const request = (r) => JSON.stringify(r).replace(/[\u2028\u2029]/g, (c) => "\\u" + c.charCodeAt(0).toString(16)) + "\n";

// filled returns items with the content of their binary data in base64.
function filled(items, folder) {
  items = structuredClone(items);
  for (const { binary } of items) {
    for (const f of Object.values(binary ?? {})) {
      if (f.text !== undefined) f.data = Buffer.from(f.text).toString("base64");
      if (f.file !== undefined) f.data = readFileSync(join(folder, "..", "files", f.file)).toString("base64");
      delete f.text;
      delete f.file;
    }
  }
  return items;
}

function workflow(c, folder) {
  const start = { type: "n8n-nodes-base.manualTrigger", typeVersion: 1, parameters: {}, name: "Start" };
  const chain = [start, ...(c.before ?? []), { ...c.node, name: "Node" }];
  const nodes = chain.map((n, i) => ({ id: "n" + i, position: [200 * i, 0], ...n }));
  const connections = {};
  for (let i = 0; i + 1 < nodes.length; i++) {
    connections[nodes[i].name] = { main: [[{ node: nodes[i + 1].name, type: "main", index: 0 }]] };
  }
  return { name: "case", nodes, connections, pinData: { Start: filled(c.input, folder) }, settings: { executionOrder: "v1", timezone: c.timezone ?? "UTC" } };
}

// readable writes content that is text as text.
function readable(binary) {
  for (const f of Object.values(binary ?? {})) {
    const content = Buffer.from(f.data, "base64");
    const text = content.toString("utf8");
    if (Buffer.from(text).equals(content) && !/[\x00-\x08]/.test(text)) {
      f.text = text;
      delete f.data;
    }
  }
  return binary;
}

function want(answer) {
  if (!answer.ok) return { refused: answer.error.message ?? String(answer.error) };
  const runs = answer.run.resultData.runData.Node;
  if (!runs) return { status: "not run" };
  const w = { status: runs[0].executionStatus };
  if (runs[0].data) {
    w.outputs = runs[0].data.main.map((items) => (items ?? []).map(({ json, pairedItem, binary }) => ({ json, pairedItem, binary: readable(binary) })));
  }
  const e = runs[0].error;
  if (e) w.error = { message: e.message, description: e.description, itemIndex: e.context?.itemIndex };
  return w;
}

await next(); // ready
let n = 0;
for (const file of cases) {
  const c = JSON.parse(readFileSync(file, "utf8"));
  if (c.want && !all) continue;
  reference.stdin.write(request({ id: ++n, workflow: workflow(c, dirname(file)), normalize: true }));
  c.want = want(await next(n));
  writeFileSync(file, format(c));
}
console.log(`recorded ${n} of ${cases.length} cases`);
reference.stdin.end();
reference.kill();

// format writes a line for each part of a case, and for each item of its lists.
function format(c) {
  const list = (items) => (items.length ? `[\n    ${items.map((i) => JSON.stringify(i)).join(",\n    ")}\n  ]` : "[]");
  const part = ([key, value]) => {
    if (key === "input") return `  "input": ${list(value)}`;
    if (key !== "want") return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const { outputs, ...rest } = value;
    const tail = outputs ? `, "outputs": [${outputs.map(list).join(", ")}]` : "";
    return `  "want": {${JSON.stringify(rest).slice(1, -1)}${tail}}`;
  };
  return `{\n${Object.entries(c).map(part).join(",\n")}\n}\n`;
}
