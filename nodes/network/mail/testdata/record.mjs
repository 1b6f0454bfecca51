// Fills in what n8n answers to the cases in this folder, and the mails that it sends. A case is a file emailSend/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "server"?: NAME, "credential"?: {fields}, "want": …, "mails": […]}
//
// The node runs behind a Manual Trigger "Start" with these items pinned; in their binary data "text" stands for the content as text.
// The server is internal/dbtest/smtp.py; NAME is plain (as without), starttls, tls or auth, "credential" adds fields to the
// credential for it. "want" and "mails" (sender, recipients, and the content with what changes from mail to mail
// replaced) are written by this script.
//
//	node record.mjs [FOLDER|FILE…]     records the cases that have no "want" (all with --all)
//
// It needs n8n 2.40.7 behind a program run.js that answers workflows, one JSON a line; N8N_REFERENCE_HOME is its folder. It also
// needs python3-aiosmtpd and openssl.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2).filter((a) => a !== "--all");
const all = process.argv.includes("--all");
if (!process.env.N8N_REFERENCE_HOME) throw new Error("set N8N_REFERENCE_HOME");

const files = (path) => (statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((f) => files(join(path, f))) : [path]);
const cases = (args.length ? args : [here]).flatMap(files).filter((f) => f.endsWith(".json"));

const folder = mkdtempSync(join(tmpdir(), "mail-"));
const pem = join(folder, "server.pem");
execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", pem + ".key", "-out", pem], { stdio: "ignore" });
appendFileSync(pem, readFileSync(pem + ".key"));
const freePort = () => new Promise((done) => { const s = createServer().listen(0, "127.0.0.1", () => { const { port } = s.address(); s.close(() => done(port)); }); });
const ports = {};
for (const name of ["plain", "starttls", "tls", "auth"]) ports[name] = await freePort();
const server = spawn("/usr/bin/python3", [join(here, "../../../../internal/dbtest/smtp.py"), folder, pem, ...Object.values(ports)], { stdio: "inherit" });
const answers = (port) => new Promise((done) => connect(port, "127.0.0.1").on("connect", function () { this.destroy(); done(true); }).on("error", () => done(false)));
while (!(await answers(ports.auth))) await new Promise((done) => setTimeout(done, 50));

const reference = spawn(process.execPath, [join(process.env.N8N_REFERENCE_HOME, "run.js"), "--serve"], { stdio: ["pipe", "pipe", "ignore"] });
async function* lines() {
  let rest = "";
  for await (const chunk of reference.stdout.setEncoding("utf8")) {
    const list = (rest + chunk).split("\n");
    rest = list.pop();
    for (const line of list) yield JSON.parse(line);
  }
}
const answer = lines();
await answer.next(); // ready

// mails takes the mails that arrived.
function mails() {
  const names = readdirSync(folder).filter((f) => /^\d+\.json$/.test(f)).sort((a, b) => parseInt(a) - parseInt(b));
  return names.map((name) => {
    const mail = JSON.parse(readFileSync(join(folder, name)));
    rmSync(join(folder, name));
    mail.content = plain(Buffer.from(mail.content, "base64").toString("utf8"));
    return mail;
  });
}

// plain replaces what changes from mail to mail.
function plain(text) {
  const boundaries = [...text.matchAll(/boundary="?([^";\r\n]+)/g)].map((m) => m[1]);
  boundaries.forEach((b, i) => (text = text.replaceAll(b, "BOUNDARY" + i)));
  return text.replace(/^Message-ID:.*$/m, "Message-ID: <ID>").replace(/^Date:.*$/m, "Date: DATE").replace(/(emailSend_)(=\r\n|[0-9a-f])+/, "$1");
}

function content(items) {
  for (const item of items) {
    for (const f of Object.values(item.binary ?? {})) {
      if (f.text === undefined) continue;
      f.data = Buffer.from(f.text).toString("base64");
      delete f.text;
    }
  }
  return items;
}

function want(answer) {
  if (!answer.ok) return { refused: answer.error.message ?? String(answer.error) };
  const runs = answer.run.resultData.runData.Node;
  if (!runs) return { status: "not run" };
  const w = { status: runs[0].executionStatus };
  if (runs[0].data) w.outputs = runs[0].data.main.map((items) => (items ?? []).map(({ json, pairedItem }) => ({ json: even(json), pairedItem })));
  const e = runs[0].error;
  if (e) w.error = { message: e.message, description: e.description, itemIndex: e.context?.itemIndex };
  return w;
}

// even replaces what changes from run to run in an item.
function even(json) {
  if (json.messageId) json.messageId = json.messageId.replace(/<[^@]*@/, "<ID@");
  for (const e of json.rejectedErrors ?? []) delete e.stack;
  for (const name of ["envelopeTime", "messageTime", "messageSize"]) if (name in json) json[name] = 0;
  return json;
}

let n = 0;
for (const file of cases) {
  const c = JSON.parse(readFileSync(file, "utf8"));
  if (!c.node || (c.want && !all)) continue; // received has a script of its own
  const name = c.server ?? "plain";
  const secure = name === "tls";
  const login = name === "plain" ? {} : { user: "user", password: "s3cret-pass" };
  const credentials = { smtp: { user: "", password: "", host: "127.0.0.1", port: ports[name], secure, disableStartTls: false, hostName: "client.example", ...login, ...c.credential } };
  const start = { type: "n8n-nodes-base.manualTrigger", typeVersion: 1, parameters: {}, name: "Start" };
  const chain = [start, { ...c.node, name: "Node", credentials: { smtp: { id: "smtp", name: "smtp" } } }];
  const nodes = chain.map((x, i) => ({ id: "n" + i, position: [200 * i, 0], ...x }));
  const pinned = content(structuredClone(c.input));
  const workflow = { name: "case", nodes, connections: { Start: { main: [[{ node: "Node", type: "main", index: 0 }]] } }, pinData: { Start: pinned }, settings: { executionOrder: "v1" } };
  reference.stdin.write(JSON.stringify({ id: ++n, workflow, credentials, normalize: true, timeout: 40000 }) + "\n");
  const got = JSON.stringify(want((await answer.next()).value)).replaceAll(":" + ports[name], ":PORT");
  c.want = JSON.parse(got);
  c.mails = mails();
  writeFileSync(file, format(c));
}
console.log(`recorded ${n} of ${cases.length} cases`);
reference.stdin.end();
reference.kill();
server.kill();
rmSync(folder, { recursive: true });

// format writes a line for each part of a case, and for each item of its lists.
function format(c) {
  const list = (items) => (items.length ? `[\n    ${items.map((i) => JSON.stringify(i)).join(",\n    ")}\n  ]` : "[]");
  const part = ([key, value]) => {
    if (key === "input" || key === "mails") return `  "${key}": ${list(value)}`;
    if (key !== "want") return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const { outputs, ...rest } = value;
    const tail = outputs ? `, "outputs": [${outputs.map(list).join(", ")}]` : "";
    return `  "want": {${JSON.stringify(rest).slice(1, -1)}${tail}}`;
  };
  return `{\n${Object.entries(c).map(part).join(",\n")}\n}\n`;
}
