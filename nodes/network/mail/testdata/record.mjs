// Fills in what n8n answers to the cases in this folder, and the mails that it sends. A case is a file emailSend/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "server"?: NAME, "credential"?: {fields}, "want": …, "mails": […]}
//
// The node runs behind a Manual Trigger "Start" with these items pinned; in their binary data "text" stands for the content as text.
// The server is internal/dbtest/smtp.py; NAME is plain (as without), starttls, tls or auth, "credential" adds fields to the
// credential for it. "want" and "mails" (sender, recipients, and the content with what changes from mail to mail
// replaced) are written by this script.
//
//	node record.mjs [FOLDER|FILE…]     records the cases that have no "want" (internal/golden/reference.mjs has the options)
//
// It needs python3-aiosmtpd and openssl.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cases, start, want, workflow, write } from "../../../../internal/golden/reference.mjs";

const here = dirname(fileURLToPath(import.meta.url));
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

const n8n = await start();

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

// even replaces what changes from run to run in an item.
function even(json) {
  if (json.messageId) json.messageId = json.messageId.replace(/<[^@]*@/, "<ID@");
  for (const e of json.rejectedErrors ?? []) delete e.stack;
  for (const name of ["envelopeTime", "messageTime", "messageSize"]) if (name in json) json[name] = 0;
  return json;
}

const todo = [...cases(here)]; // those in received have a script of their own
for (const { file, c } of todo) {
  const name = c.server ?? "plain";
  const login = name === "plain" ? {} : { user: "user", password: "s3cret-pass" };
  const smtp = { user: "", password: "", host: "127.0.0.1", port: ports[name], secure: name === "tls", disableStartTls: false, hostName: "client.example", ...login, ...c.credential };
  const answer = await n8n.ask({ workflow: workflow(c, { kinds: ["smtp"] }), credentials: { smtp }, timeout: 40000 });
  c.want = JSON.parse(JSON.stringify(want(answer, ({ json }) => ({ json: even(json) }))).replaceAll(":" + ports[name], ":PORT"));
  c.mails = mails();
  write(file, c);
}
console.log(`recorded ${todo.length} cases`);
n8n.stop();
server.kill();
rmSync(folder, { recursive: true });
