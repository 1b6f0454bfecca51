// Fills in what n8n answers to the cases in this folder, and what then was at the broker. A case is a file NODE/CASE.json:
//
//	{"node": {…}, "input": [items], "broker"?: …, "want": …, "arrived": …}                       of a node that sends
//	{"node": {…}, "broker"?: …, "flow"?: …, "send": [messages], "want": {"runs": [[items]]}, "arrived": …}  of a trigger
//
// "broker" says what is set up there (brokers.mjs). A sending node runs behind a Manual Trigger "Start" with its items pinned. A
// trigger is in an active workflow; after it come a request that tells its items, and the nodes of "flow". What the script
// writes is "want", "arrived", and "error" of a workflow that could not be activated.
//
//	node record.mjs [FOLDER|FILE…]     records the cases that have no "want" (internal/golden/reference.mjs has the options)
//
// N8N_REFERENCE_HOME has also bin/n8n. The brokers are on 127.0.0.1 at RABBITMQ_PORT (user guest), MQTT_PORT, KAFKA_PORT
// (go run ./testdata/broker PORT).
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cases, home, list, start, want, workflow, write } from "../../../../internal/golden/reference.mjs";
import { brokers } from "./brokers.mjs";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const open = {};
async function broker(kind) {
  const port = process.env[kind.toUpperCase() + "_PORT"];
  if (!port) throw new Error(`set ${kind.toUpperCase()}_PORT`);
  return (open[kind] ??= await brokers[kind](+port));
}

// ---- nodes that send

let n8n;
async function run(c, kind, credential) {
  n8n ??= await start();
  const answer = await n8n.ask({ workflow: workflow(c, { kinds: [kind] }), credentials: { [kind]: credential }, timeout: 10 });
  return want(answer, ({ json, binary }) => ({ json, binary }));
}

// ---- triggers

process.on("exit", () => server?.kill());
const port = 20000 + (process.pid % 20000); // of n8n, the one after is its task broker's
let told = [];
let server, sink, folder, cookie;
const credentialIds = {};

async function call(method, path, data) {
  const r = await fetch(`http://127.0.0.1:${port}/rest${path}`, {
    method, headers: { "content-type": "application/json", "browser-id": "recorder", cookie: cookie ?? "" }, body: data && JSON.stringify(data),
  });
  const set = r.headers.getSetCookie();
  if (set.length) cookie = set.map((s) => s.split(";")[0]).join("; ");
  const t = await r.text();
  return { status: r.status, body: t.startsWith("{") ? JSON.parse(t) : t };
}

async function must(...request) {
  for (let tries = 0; ; tries++) { // it may still be starting
    const r = await call(...request);
    if (r.status === 200 && r.body.data) return r.body.data;
    if (tries === 10) throw new Error(`${request[1]}: ${r.status} ${JSON.stringify(r.body)}`);
    await pause(500);
  }
}

async function startServer() {
  if (server) return;
  sink = createServer((req, res) => {
    let text = "";
    req.on("data", (d) => (text += d)).on("end", () => {
      told.push(JSON.parse(text));
      res.setHeader("content-type", "application/json");
      res.end("{}");
    });
  }).listen(0, "127.0.0.1");
  folder = mkdtempSync(join(tmpdir(), "n8n-"));
  server = spawn(join(home, "bin", "n8n"), ["start"], {
    stdio: "ignore", env: { ...process.env, N8N_USER_FOLDER: folder, N8N_PORT: String(port), N8N_RUNNERS_BROKER_PORT: String(port + 1), N8N_DEFAULT_BINARY_DATA_MODE: "default" },
  });
  server.on("exit", (code) => code && (console.log("n8n ended:", code), process.exit(1)));
  const who = { email: "a@example.com", firstName: "A", lastName: "B", password: "Password1" };
  for (;;) {
    const r = await call("POST", "/owner/setup", who).catch(() => ({}));
    if (r.status === 200 && r.body.data) return;
    await pause(500);
  }
}

async function listen(c, kind, b) {
  await startServer();
  credentialIds[kind] ??= (await must("POST", "/credentials", { name: kind, type: kind, data: b.credential })).id;
  const credentials = { [kind]: { id: credentialIds[kind], name: kind } };
  const tell = {
    name: "Tell", type: "n8n-nodes-base.httpRequest", typeVersion: 4.2, executeOnce: true,
    parameters: { method: "POST", url: `http://127.0.0.1:${sink.address().port}`, sendBody: true, specifyBody: "json", jsonBody: "={{ JSON.stringify($input.all().map(({ json, binary }) => ({ json, binary }))) }}", options: {} },
  };
  const chain = [{ ...c.node, name: "Trigger", credentials }, tell, ...(c.flow ?? []).map((n) => (n.type.endsWith("." + kind) ? { ...n, credentials } : n))];
  const nodes = chain.map((x, i) => ({ id: "n" + i, position: [200 * i, 0], ...x }));
  const connections = Object.fromEntries(chain.slice(1).map((x, i) => [chain[i].name, { main: [[{ node: x.name, type: "main", index: 0 }]] }]));
  const made = await must("POST", "/workflows", { name: "case", nodes, connections, settings: { executionOrder: "v1" } });
  told = [];
  const active = await call("POST", `/workflows/${made.id}/activate`, { versionId: made.versionId });
  if (active.status !== 200) return { error: active.body.message };
  if (c.ready) await pause(c.ready); // until the trigger is there
  await b.send(c.send ?? [], c.broker ?? {}).catch((e) => console.log(e.message));
  for (let n = -1; n !== told.length && n < 20; ) { // what comes again and again is cut off
    n = told.length;
    await pause(c.quiet ?? 1500);
  }
  const runs = told;
  await call("POST", `/workflows/${made.id}/deactivate`, {});
  await pause(500);
  return { runs };
}

// ----

const arrived = (value) => `{${Object.entries(value).map(([name, l]) => `${JSON.stringify(name)}: ${l ? list(l) : "null"}`).join(", ")}}`;

for (const { file, c } of [...cases(dirname(fileURLToPath(import.meta.url)))]) {
  const type = c.node.type.split(".")[1];
  const kind = type.replace("Trigger", "");
  const b = await broker(kind);
  await b.setup(c.broker ?? {});
  c.want = type === kind ? await run(c, kind, { ...b.credential, ...c.credential }) : await listen(c, kind, b);
  c.arrived = await b.arrived(c.broker ?? {});
  await b.clean(c.broker ?? {});
  write(file, c, { arrived });
  console.log(basename(file));
}
for (const b of Object.values(open)) await b.close();
n8n?.stop();
if (server) {
  server.kill();
  sink.close();
  sink.closeAllConnections();
  await pause(2000);
  rmSync(folder, { recursive: true, force: true });
}
