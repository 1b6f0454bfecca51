// Fills in what n8n answers to the cases in this folder. A case is a file NAME/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "before"?: [nodes], "want": …}
//
// The node runs between a Manual Trigger "Start" with these items pinned (behind it the nodes of "before", in a chain) and
// nothing. A node with several inputs has "inputs" instead, a list of items each, null where nothing is connected: each list is
// pinned to a node "In0", "In1", … behind Start. "want" is written by this script: {status, outputs?, error?, refused?}.
//
// Credentials of a case are {TYPE: {fields}}. What depends on the time (folders jwt and totp) is recorded with a clock that stands
// still: NODE_OPTIONS="--require ./clock.cjs".
//
//	node record.mjs [FOLDER|FILE…]     records the cases that have no "want" (all with --all)
//
// It needs n8n 2.40.7 behind a program run.js that answers workflows, one JSON a line; N8N_REFERENCE_HOME is its folder.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2).filter((a) => a !== "--all");
const all = process.argv.includes("--all");
if (!process.env.N8N_REFERENCE_HOME) throw new Error("set N8N_REFERENCE_HOME");

const files = (path) => (statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((f) => files(join(path, f))) : [path]);
const cases = (args.length ? args : [here]).flatMap(files).filter((f) => f.endsWith(".json"));

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

function joining(c) {
  const nodes = [{ type: "n8n-nodes-base.manualTrigger", typeVersion: 1, parameters: {}, name: "Start" }];
  const connections = { Start: { main: [[]] } };
  const pinData = { Start: [{ json: {} }] };
  c.inputs.forEach((items, index) => {
    if (!items) return;
    const name = "In" + index;
    nodes.push({ type: "n8n-nodes-base.noOp", typeVersion: 1, parameters: {}, name });
    pinData[name] = items;
    connections.Start.main[0].push({ node: name, type: "main", index: 0 });
    connections[name] = { main: [[{ node: "Node", type: "main", index }]] };
  });
  nodes.push({ ...c.node, name: "Node" });
  return { name: "case", nodes: nodes.map((n, i) => ({ id: "n" + i, position: [0, 200 * i], ...n })), connections, pinData, settings: { executionOrder: "v1" } };
}

function workflow(c) {
  if (c.inputs) return joining(c);
  const start = { type: "n8n-nodes-base.manualTrigger", typeVersion: 1, parameters: {}, name: "Start" };
  const chain = [start, ...(c.before ?? []), { ...c.node, name: "Node" }];
  const nodes = chain.map((n, i) => ({ id: "n" + i, position: [200 * i, 0], ...n }));
  const connections = {};
  for (let i = 0; i + 1 < nodes.length; i++) {
    connections[nodes[i].name] = { main: [[{ node: nodes[i + 1].name, type: "main", index: 0 }]] };
  }
  return { name: "case", nodes, connections, pinData: { Start: c.input }, settings: { executionOrder: "v1" } };
}

function want(answer) {
  if (!answer.ok) return { refused: answer.error.message ?? String(answer.error) };
  const runs = answer.run.resultData.runData.Node;
  if (!runs) return { status: "not run" };
  const w = { status: runs[0].executionStatus };
  if (runs[0].data) {
    w.outputs = runs[0].data.main.map((items) => (items ?? []).map(({ json, pairedItem, binary }) => ({ json, pairedItem, binary })));
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
  reference.stdin.write(request({ id: ++n, workflow: workflow(c), credentials: c.credentials, normalize: true }));
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
    if (key === "inputs") return `  "inputs": [${value.map((v) => (v ? list(v) : "null")).join(", ")}]`;
    if (key !== "want") return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const { outputs, ...rest } = value;
    const tail = outputs ? `, "outputs": [${outputs.map(list).join(", ")}]` : "";
    return `  "want": {${JSON.stringify(rest).slice(1, -1)}${tail}}`;
  };
  return `{\n${Object.entries(c).map(part).join(",\n")}\n}\n`;
}
