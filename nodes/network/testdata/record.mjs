// Fills in what n8n answers to the cases in this folder. A case is a file NAME/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "routes"?: {…}, "credentials"?: {…}, "want": …, "requests": […]}
//
// The node runs behind a Manual Trigger "Start" with these items pinned. The text SERVER stands for the address of a server
// that this script runs. It answers a path with the entry of "routes" for it, {status?, headers?, body? | base64? | json?, reset?, hang?}, or with
// the next of a list of them, the last one again and again; any other path with {"ok":true}. "credentials" are fields by
// credential type. "want" ({status, outputs?, error?, refused?}) and "requests", what the server saw, are written by this script.
//
//	node record.mjs [FOLDER|FILE…]     records the cases that have no "want" (all with --all)
//
// It needs n8n 2.40.7 behind a program run.js that answers workflows, one JSON a line; N8N_REFERENCE_HOME is its folder.
// n8n must keep binary data in files there.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2).filter((a) => a !== "--all");
const all = process.argv.includes("--all");
if (!process.env.N8N_REFERENCE_HOME) throw new Error("set N8N_REFERENCE_HOME");

const files = (path) => (statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((f) => files(join(path, f))) : [path]);
const cases = (args.length ? args : [here]).flatMap(files).filter((f) => f.endsWith(".json"));

// The server of the case at hand.
let routes = {};
let seen = [];
let served = {};
const ignored = ["host", "connection", "accept-encoding", "content-length", "user-agent", "keep-alive", "transfer-encoding"];

const server = createServer((req, res) => {
  const chunks = [];
  req.on("data", (c) => chunks.push(c));
  req.on("end", () => {
    seen.push(describe(req, Buffer.concat(chunks).toString("latin1")));
    const path = req.url.split("?")[0];
    let route = routes[path] ?? { json: { ok: true } };
    if (Array.isArray(route)) {
      const n = (served[path] = (served[path] ?? -1) + 1);
      route = route[Math.min(n, route.length - 1)];
    }
    if (route.reset) return req.socket.destroy();
    if (route.hang) return;
    const headers = { ...route.headers };
    let body = route.body ?? "";
    if (route.base64 !== undefined) body = Buffer.from(route.base64, "base64");
    if (route.json !== undefined) {
      body = JSON.stringify(route.json).replaceAll("SERVER", address);
      headers["content-type"] ??= "application/json";
    }
    for (const k in headers) headers[k] = headers[k].replaceAll("SERVER", address);
    headers.date = "Thu, 01 Jan 2026 00:00:00 GMT";
    res.writeHead(route.status ?? 200, headers);
    res.end(body);
  });
});
await new Promise((done) => server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", done));
const address = "127.0.0.1:" + server.address().port;

// describe writes a request in a form that does not differ from run to run.
function describe(req, body) {
  const headers = {};
  for (const [k, v] of Object.entries(req.headers).sort(([a], [b]) => (a < b ? -1 : 1))) if (!ignored.includes(k)) headers[k] = v;
  const boundary = /boundary="?([^";]+)/.exec(headers["content-type"] ?? "")?.[1];
  const plain = (t) => (boundary ? t.replaceAll(boundary, "BOUNDARY") : t).replaceAll(address, "SERVER");
  for (const k in headers) headers[k] = plain(headers[k]);
  return { method: req.method, url: plain(req.url), headers, body: plain(body) };
}

// A connection that n8n leaves in its run data cannot be written as JSON.
const preload = `import http from "node:http"; import net from "node:net";
  for (const c of [http.IncomingMessage, http.ClientRequest, net.Socket]) c.prototype.toJSON = () => undefined;`;
const program = ["--import", "data:text/javascript," + encodeURIComponent(preload), join(process.env.N8N_REFERENCE_HOME, "run.js"), "--serve"];
const reference = spawn(process.execPath, program, { stdio: ["pipe", "pipe", "ignore"] });

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
const request = (r) => JSON.stringify(r).replaceAll("SERVER", address).replace(/[\u2028\u2029]/g, (c) => "\\u" + c.charCodeAt(0).toString(16)) + "\n";

function workflow(c) {
  const start = { type: "n8n-nodes-base.manualTrigger", typeVersion: 1, parameters: {}, name: "Start" };
  const credentials = Object.fromEntries(Object.keys(c.credentials ?? {}).map((t) => [t, { id: t, name: t }]));
  const chain = [start, { ...c.node, name: "Node", credentials }];
  const nodes = chain.map((n, i) => ({ id: "n" + i, position: [200 * i, 0], ...n }));
  return { name: "case", nodes, connections: { Start: { main: [[{ node: "Node", type: "main", index: 0 }]] } }, pinData: { Start: c.input }, settings: { executionOrder: "v1" } };
}

// plain leaves out of a failed item where in n8n it failed.
function plain(json) {
  delete json?.error?.stack;
  return json;
}

// named keeps what binary data is called, without where n8n put it.
function named(binary) {
  for (const file of Object.values(binary ?? {})) {
    if (file.data?.startsWith("filesystem")) delete file.data;
    delete file.id;
  }
  return binary;
}

function want(answer) {
  if (!answer.ok) return { refused: answer.error.message ?? String(answer.error) };
  const runs = answer.run.resultData.runData.Node;
  if (!runs?.length) return { status: "not run" };
  const w = { status: runs[0].executionStatus };
  if (runs[0].data) {
    w.outputs = runs[0].data.main.map((items) => (items ?? []).map(({ json, pairedItem, binary }) => ({ json: plain(json), pairedItem, binary: named(binary) })));
  }
  const e = runs[0].error;
  if (e) w.error = { message: e.message, description: e.description, httpCode: e.httpCode, itemIndex: e.context?.itemIndex };
  return w;
}

await next(); // ready
let n = 0;
for (const file of cases) {
  const c = JSON.parse(readFileSync(file, "utf8"));
  if (!c.node || file.includes("databases")) continue; // curl.json; databases has a script of its own
  if (c.want && !all) continue;
  [routes, seen, served] = [c.routes ?? {}, [], {}];
  reference.stdin.write(request({ id: ++n, workflow: workflow(c), credentials: c.credentials, normalize: true }));
  c.want = JSON.parse(JSON.stringify(want(await next(n))).replaceAll(address, "SERVER").replaceAll(address.replace(":", "%3A"), "SERVER"));
  c.requests = seen.map((r) => JSON.stringify(r)).sort().map((r) => JSON.parse(r));
  writeFileSync(file, format(c));
}
console.log(`recorded ${n} of ${cases.length} cases`);
reference.stdin.end();
reference.kill();
server.close();
server.closeAllConnections();

// format writes a line for each part of a case, and for each item of its lists.
function format(c) {
  const list = (items) => (items.length ? `[\n    ${items.map((i) => JSON.stringify(i)).join(",\n    ")}\n  ]` : "[]");
  const part = ([key, value]) => {
    if (key === "input" || key === "requests") return `  "${key}": ${list(value)}`;
    if (key !== "want") return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const { outputs, ...rest } = value;
    const tail = outputs ? `, "outputs": [${outputs.map(list).join(", ")}]` : "";
    return `  "want": {${JSON.stringify(rest).slice(1, -1)}${tail}}`;
  };
  return `{\n${Object.entries(c).map(part).join(",\n")}\n}\n`;
}
