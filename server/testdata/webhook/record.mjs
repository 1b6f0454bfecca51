// Records what n8n answers to the requests in this folder. A case is an entry of FILE.json's "cases":
//
//	{"name", "nodes": [nodes in a chain], "connections"?, "settings"?, "exchanges": [{"request", "response"}]}
//
// A request is {method?, path, headers?, body?} with a body of text, or {"base64"}, or {"repeat": [text, times]}, or {"parts": [of these]}; with
// "chunked" it is sent in chunks. "response" is written by this script: {status, headers, body | base64}, without what changes from call to call
// (date, etag, connection) and with the fixed content-security-policy of n8n's answers as "sandbox". Times in chunks of a stream are 0.
//
//	node record.mjs BASE-URL COOKIE [FILE…]     records the exchanges without a response (all with --all)
//
// BASE-URL is that of an n8n 2.40.7 with WEBHOOK_URL=http://hook.test/ and N8N_PAYLOAD_SIZE_MAX=1 that has the credentials of
// credentials.json, COOKIE the login cookie of its owner.
import net from "node:net";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const all = process.argv.includes("--all");
const [base, cookie, ...named] = process.argv.slice(2).filter((a) => a !== "--all");
const files = named.length ? named : readdirSync(here).filter((f) => f.endsWith(".json") && f !== "credentials.json").map((f) => join(here, f));
const target = new URL(base);
const unchanging = ["date", "etag", "connection", "keep-alive", "content-length"];

const call = async (method, path, body) => {
  const res = await fetch(base + path, { method, headers: { cookie, "content-type": "application/json" }, body: body && JSON.stringify(body) });
  const text = await res.text();
  if (!res.ok) throw new Error(`${method} ${path}: ${res.status} ${text.slice(0, 500)}`);
  return text ? JSON.parse(text).data : null;
};

function workflow(c) {
  const nodes = c.nodes.map((n, i) => ({ id: "n" + i, position: [200 * i, 0], ...n }));
  const connections = c.connections ?? Object.fromEntries(c.nodes.slice(1).map((n, i) => [c.nodes[i].name, { main: [[{ node: n.name, type: "main", index: 0 }]] }]));
  return { name: c.name, nodes, connections, settings: { executionOrder: "v1", ...c.settings } };
}

function bytes(b) {
  if (typeof b === "string") return Buffer.from(b);
  if (b.parts) return Buffer.concat(b.parts.map(bytes));
  return b.repeat ? Buffer.from(b.repeat[0].repeat(b.repeat[1])) : Buffer.from(b.base64, "base64");
}

function wire(request) {
  const body = request.body === undefined ? null : bytes(request.body);
  const headers = { connection: "close", ...request.headers };
  if (body && !request.chunked) headers["content-length"] = String(body.length);
  if (body && request.chunked) headers["transfer-encoding"] = "chunked";
  const lines = Object.keys(headers).sort().map((k) => `${k}: ${headers[k]}\r\n`);
  const head = Buffer.from(`${request.method ?? "GET"} ${request.path} HTTP/1.1\r\nhost: hook.test\r\n${lines.join("")}\r\n`);
  if (!body) return head;
  return Buffer.concat(request.chunked ? [head, Buffer.from(body.length.toString(16) + "\r\n"), body, Buffer.from("\r\n0\r\n\r\n")] : [head, body]);
}

const exchange = (request) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(Number(target.port), target.hostname, () => socket.write(wire(request)));
    const parts = [];
    socket.on("data", (d) => parts.push(d));
    socket.on("error", (e) => (parts.length ? resolve(Buffer.concat(parts)) : reject(e)));
    socket.on("end", () => resolve(Buffer.concat(parts)));
    socket.setTimeout(20000, () => { socket.destroy(); resolve(Buffer.concat(parts)); });
  });

function parse(raw) {
  const at = raw.indexOf("\r\n\r\n");
  const [first, ...lines] = raw.subarray(0, at).toString("latin1").split("\r\n");
  const headers = {};
  for (const line of lines) {
    const [, name, value] = /^([^:]*): ?(.*)$/.exec(line);
    const key = name.toLowerCase();
    if (unchanging.includes(key)) continue;
    const plain = key === "content-security-policy" && value.startsWith("sandbox ") ? "sandbox" : value;
    headers[key] = key in headers ? headers[key] + ", " + plain : plain;
  }
  let body = raw.subarray(at + 4);
  if (headers["transfer-encoding"] === "chunked") {
    const parts = [];
    for (let rest = body; rest.length; ) {
      const end = rest.indexOf("\r\n");
      const size = parseInt(rest.subarray(0, end).toString(), 16);
      if (!size) break;
      parts.push(rest.subarray(end + 2, end + 2 + size));
      rest = rest.subarray(end + 4 + size);
    }
    body = Buffer.concat(parts);
  }
  const text = body.toString("utf8").replace(/"timestamp":\d+/g, '"timestamp":0');
  return { status: Number(first.split(" ")[1]), headers, ...(Buffer.from(body.toString("utf8")).equals(body) ? { body: text } : { base64: body.toString("base64") }) };
}

const seconds = (n) => new Promise((resolve) => setTimeout(resolve, 1000 * n));

for (const file of files) {
  const data = JSON.parse(readFileSync(file, "utf8"));
  for (const c of data.cases) {
    if (!all && c.exchanges.every((e) => e.response)) continue;
    let made;
    if (c.nodes) {
      made = await call("POST", "/rest/workflows", workflow(c));
      try {
        await call("POST", `/rest/workflows/${made.id}/activate`, { versionId: made.versionId });
        delete c.refused;
      } catch (e) {
        c.refused = e.message.replace(/^[^{]*/, "");
      }
      await seconds(0.6);
    }
    for (const e of c.exchanges) {
      if (e.response && !all) continue;
      e.response = parse(await exchange(e.request));
      console.log(c.name, "|", e.request.method ?? "GET", e.request.path, "->", e.response.status, JSON.stringify(e.response.headers).slice(0, 200), (e.response.body ?? e.response.base64).slice(0, 300));
    }
    if (made) {
      await call("POST", `/rest/workflows/${made.id}/deactivate`).catch(() => {});
      await call("POST", `/rest/workflows/${made.id}/archive`).catch(() => {});
    }
    writeFileSync(file, JSON.stringify(data, null, 1).replace(/[\u2028\u2029]/g, (x) => "\\u" + x.charCodeAt(0).toString(16)) + "\n");
  }
}
