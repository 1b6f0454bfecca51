// What the recorders of cases share: n8n, the workflow around a node, and how a case is written.
//
// n8n 2.40.7 is behind a program run.js that answers workflows, one JSON a line; N8N_REFERENCE_HOME is its folder. A recorder
// takes the names of files and folders of cases, and records those that have no "want", with --all all of them. With --clock
// n8n's Date stands still at the beginning of 2026: so is recorded what depends on the time.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const home = process.env.N8N_REFERENCE_HOME;
if (!home) throw new Error("set N8N_REFERENCE_HOME");
export const all = process.argv.includes("--all");
const args = process.argv.slice(2).filter((a) => !a.startsWith("--"));
const clock = join(dirname(fileURLToPath(import.meta.url)), "clock.cjs");

const files = (path) => (statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((f) => files(join(path, f))) : [path]);

// cases yields the cases to record, of those named or of a folder.
export function* cases(folder) {
  if (!args.length && !folder) throw new Error("name a folder of cases");
  for (const file of (args.length ? args : [folder]).flatMap(files)) {
    if (!file.endsWith(".json") || basename(dirname(file)) === "files") continue;
    const c = JSON.parse(readFileSync(file, "utf8"));
    if (c.node && (all || !c.want)) yield { file, c };
  }
}

// start starts n8n, with more options of Node.js if there are any. ask sends a request, its text changed by fill, and returns
// the answer.
export async function start(options = []) {
  if (process.argv.includes("--clock")) options = ["--require", clock, ...options];
  const n8n = spawn(process.execPath, [...options, join(home, "run.js"), "--serve"], { stdio: ["pipe", "pipe", "ignore"] });
  const answers = lines(n8n.stdout);
  await answers.next(); // ready
  let id = 0;
  return {
    async ask(request, fill = (text) => text) {
      const text = JSON.stringify({ id: ++id, normalize: true, ...request });
      n8n.stdin.write(fill(text).replace(/[\u2028\u2029]/g, (c) => "\\u" + c.charCodeAt(0).toString(16)) + "\n");
      for (;;) {
        const { value, done } = await answers.next();
        if (done) throw new Error("n8n ended");
        if (value.id === id) return value;
      }
    },
    stop: () => n8n.kill(),
  };
}

// Lines end with \n only: JSON may hold U+2028, which readline takes for an end too.
async function* lines(stream) {
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const list = (rest + chunk).split("\n");
    rest = list.pop();
    for (const line of list) yield JSON.parse(line);
  }
}

const trigger = { type: "n8n-nodes-base.manualTrigger", typeVersion: 1, parameters: {}, name: "Start" };
const edge = (node, index = 0) => ({ node, type: "main", index });
const placed = (nodes) => nodes.map((n, i) => ({ id: "n" + i, position: [200 * i, 200 * i], ...n }));

// filled returns items with the content of their binary data in base64; that of a "file" is in a folder.
export function filled(items, folder) {
  items = structuredClone(items);
  for (const { binary } of items) {
    for (const f of Object.values(binary ?? {})) {
      if (f.text !== undefined) f.data = Buffer.from(f.text).toString("base64");
      if (f.file !== undefined) f.data = readFileSync(join(folder, f.file)).toString("base64");
      delete f.text;
      delete f.file;
    }
  }
  return items;
}

// workflow puts the node of a case behind a Manual Trigger "Start" with the case's items pinned, and behind the nodes of
// "before", in a chain. Where a node has several inputs, each has a node "In0", "In1", … with its items pinned. kinds are the
// types of credentials that the node uses, each named by its type.
export function workflow(c, { folder, kinds = [] } = {}) {
  const credentials = Object.fromEntries(kinds.map((t) => [t, { id: t, name: t }]));
  const node = { ...(kinds.length ? { credentials } : {}), ...c.node, name: "Node" };
  const settings = { executionOrder: "v1", timezone: c.timezone ?? "UTC" };
  const connections = {};
  if (c.inputs) {
    const nodes = [];
    const pinData = { Start: [{ json: {} }] };
    c.inputs.forEach((items, index) => {
      if (!items) return;
      const name = "In" + index;
      nodes.push({ type: "n8n-nodes-base.noOp", typeVersion: 1, parameters: {}, name });
      pinData[name] = filled(items, folder);
      connections[name] = { main: [[edge("Node", index)]] };
    });
    connections.Start = { main: [nodes.map((n) => edge(n.name))] };
    return { name: "case", nodes: placed([trigger, ...nodes, node]), connections, pinData, settings };
  }
  const chain = [trigger, ...(c.before ?? []), node];
  for (let i = 0; i + 1 < chain.length; i++) connections[chain[i].name] = { main: [[edge(chain[i + 1].name)]] };
  return { name: "case", nodes: placed(chain), connections, pinData: { Start: filled(c.input, folder) }, settings };
}

// readable writes content of binary data that is text as text.
export function readable(binary) {
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

// want is what a node came to. item returns what is kept of an item's json and binary, error what is kept of an error besides
// its message, its description and its item.
export function want(answer, item = ({ json, binary }) => ({ json, binary: readable(binary) }), error = () => ({})) {
  if (!answer.ok) return { refused: answer.error.message ?? String(answer.error) };
  const runs = answer.run.resultData.runData.Node;
  if (!runs?.length) return { status: "not run" };
  const w = { status: runs[0].executionStatus };
  if (runs[0].data) {
    w.outputs = runs[0].data.main.map((items) => (items ?? []).map((i) => ({ json: undefined, pairedItem: i.pairedItem, ...item(i) })));
  }
  const e = runs[0].error;
  if (e) w.error = { message: e.message, description: e.description, ...error(e), itemIndex: e.context?.itemIndex };
  return w;
}

// write writes a case, with a line for each of its parts and for each item of its lists. others writes parts of other forms.
export function write(file, c, others = {}) {
  const part = ([key, value]) => {
    if (others[key]) return `  ${JSON.stringify(key)}: ${others[key](value)}`;
    if (key === "inputs") return `  "inputs": [${value.map((v) => (v ? list(v) : "null")).join(", ")}]`;
    if (["input", "requests", "mails", "send"].includes(key) || (key === "then" && Array.isArray(value))) return `  ${JSON.stringify(key)}: ${list(value)}`;
    if (key !== "want") return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const { outputs, runs, ...rest } = value;
    const parts = [JSON.stringify(rest).slice(1, -1)];
    if (outputs) parts.push(`"outputs": [${outputs.map(list).join(", ")}]`);
    if (runs) parts.push(`"runs": ${list(runs)}`);
    return `  "want": {${parts.filter((p) => p).join(", ")}}`;
  };
  writeFileSync(file, `{\n${Object.entries(c).map(part).join(",\n")}\n}\n`);
}

// list writes a list with a line for each of its items.
export const list = (items) => (items.length ? `[\n    ${items.map((i) => JSON.stringify(i)).join(",\n    ")}\n  ]` : "[]");
