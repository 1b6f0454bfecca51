// Fills in what n8n answers to the cases in this folder. A case is a file NAME/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "credentials", "onError"?, …}, "input": [items], "want": …, "then": {"made", "gone"}}
//
// The node runs behind a Manual Trigger "Start" with these items pinned; binary data of input has its content in "text". ROOT
// stands for the folder of the case (of its own, with files that are the same for each), HERE for its name in the user's home,
// UID, GID and OWNERS for who owns the files. "want" and "then" (what the case did to its folder) are written by this script.
// Of a "longname" of SFTP the count of links and the names of the owners are left out, which the library drops.
//
// TestRecord starts the servers and then this, for the cases that have no "want". It needs n8n 2.40.7 behind a program run.js
// that answers workflows, one JSON a line; N8N_REFERENCE_HOME is its folder.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const credentials = JSON.parse(process.env.CREDENTIALS);
const cases = readdirSync(here, { withFileTypes: true }).filter((d) => d.isDirectory()).flatMap((d) => readdirSync(join(here, d.name)).sort().map((f) => join(here, d.name, f)));

const reference = spawn(process.execPath, [join(process.env.N8N_REFERENCE_HOME, "run.js"), "--serve"], { stdio: ["pipe", "pipe", "ignore"] });
async function* answers() {
  let rest = "";
  for await (const chunk of reference.stdout.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}
const answer = answers();
let n = 0;
await answer.next(); // ready

function tree(dir, prefix = "", found = {}) {
  for (const d of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, d.name);
    if (d.isDirectory()) {
      found[prefix + d.name] = "a folder";
      tree(path, prefix + d.name + "/", found);
    } else {
      found[prefix + d.name] = d.isSymbolicLink() ? "-> " + readlinkSync(path) : readFileSync(path, "utf8");
    }
  }
  return found;
}

function change(before, after) {
  const made = Object.keys(after).filter((k) => before[k] !== after[k]).sort();
  return { made: Object.fromEntries(made.map((k) => [k, after[k]])), gone: Object.keys(before).filter((k) => !(k in after)).sort() };
}

function workflow(c) {
  const start = { type: "n8n-nodes-base.manualTrigger", typeVersion: 1, parameters: {}, name: "Start" };
  const nodes = [start, { ...c.node, name: "Node" }].map((x, i) => ({ id: "n" + i, position: [200 * i, 0], ...x }));
  const input = structuredClone(c.input);
  for (const { binary } of input) {
    for (const f of Object.values(binary ?? {})) {
      f.data = Buffer.from(f.text).toString("base64");
      delete f.text;
    }
  }
  return { name: "case", nodes, connections: { Start: { main: [[{ node: "Node", type: "main", index: 0 }]] } }, pinData: { Start: input }, settings: { executionOrder: "v1" } };
}

function readable(binary) {
  for (const f of Object.values(binary ?? {})) {
    const content = Buffer.from(f.data, "base64");
    const text = content.toString("utf8");
    if (Buffer.from(text).equals(content) && !/[\x00-\x08]/.test(text)) {
      f.text = text;
      delete f.data;
    }
  }
  return binary && Object.keys(binary).length ? binary : undefined;
}

// plain takes out of a list of SFTP what is not the same everywhere.
function plain(json) {
  if (json.longname) {
    json.longname = json.longname.replace(/^(\S+)\s+\d+ \S+\s+\S+\s+(\d+) /, (_, rights, size) => `${rights}    ? OWNERS ${size.padStart(8)} `);
    Object.assign(json, { owner: "UID", group: "GID" });
  }
  return json;
}

function want(answer) {
  if (!answer.ok) return { refused: answer.error.message ?? String(answer.error) };
  const runs = answer.run.resultData.runData.Node;
  if (!runs) return { status: "not run" };
  const w = { status: runs[0].executionStatus };
  if (runs[0].data) w.outputs = runs[0].data.main.map((items) => (items ?? []).map(({ json, pairedItem, binary }) => ({ json: plain(json), pairedItem, binary: readable(binary) })));
  const e = runs[0].error;
  if (e) w.error = { message: e.message, description: e.description, itemIndex: e.context?.itemIndex };
  return w;
}

for (const file of cases) {
  const c = JSON.parse(readFileSync(file, "utf8"));
  if (c.want) continue;
  const root = join(process.env.ROOT, basename(dirname(file)) + "-" + basename(file, ".json"));
  const before = tree(root);
  const request = JSON.stringify({ id: ++n, workflow: workflow(c), credentials, normalize: true, timeout: 30000 });
  reference.stdin.write(request.replaceAll("ROOT", root).replaceAll("HERE", basename(root)) + "\n");
  c.want = JSON.parse(JSON.stringify(want((await answer.next()).value)).replaceAll(root, "ROOT").replaceAll(basename(root), "HERE"));
  c.then = change(before, tree(root));
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
