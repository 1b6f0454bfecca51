// Fills in what n8n answers to the cases in this folder. A case is a file NAME/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "routes"?: {…}, "credentials"?: {…}, "want": …, "requests": […]}
//
// The node runs behind a Manual Trigger "Start" with these items pinned. The text SERVER stands for the address of a server
// that this script runs. It answers a path with the entry of "routes" for it, {status?, headers?, body? | base64? | json?, reset?, hang?}, or with
// the next of a list of them, the last one again and again; any other path with {"ok":true}. "credentials" are fields by
// credential type. "want" ({status, outputs?, error?, refused?}) and "requests", what the server saw, are written by this script.
//
//	node record.mjs [FOLDER|FILE…]     records the cases that have no "want" (internal/golden/reference.mjs has the options)
//
// n8n must keep binary data in files there.
import { createServer } from "node:http";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { cases, start, want, workflow, write } from "../../../internal/golden/reference.mjs";

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
const n8n = await start(["--import", "data:text/javascript," + encodeURIComponent(preload)]);

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

const item = ({ json, binary }) => ({ json: plain(json), binary: named(binary) });

const todo = [...cases(dirname(fileURLToPath(import.meta.url)))].filter(({ file }) => !file.includes("databases")); // which has a script of its own
for (const { file, c } of todo) {
  [routes, seen, served] = [c.routes ?? {}, [], {}];
  const request = { workflow: workflow(c, { kinds: Object.keys(c.credentials ?? {}) }), credentials: c.credentials };
  const w = want(await n8n.ask(request, (text) => text.replaceAll("SERVER", address)), item, ({ httpCode }) => ({ httpCode }));
  c.want = JSON.parse(JSON.stringify(w).replaceAll(address, "SERVER").replaceAll(address.replace(":", "%3A"), "SERVER"));
  c.requests = seen.map((r) => JSON.stringify(r)).sort().map((r) => JSON.parse(r));
  write(file, c);
}
console.log(`recorded ${todo.length} cases`);
n8n.stop();
server.close();
server.closeAllConnections();
