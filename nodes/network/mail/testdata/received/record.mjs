// Fills in what n8n's Email Trigger (IMAP) makes of mails. A case is a file imap/CASE.json:
//
//	{"trigger": {"typeVersion", "parameters"}, "mails": [text, …], "want": [items]}
//
// The mails come one after the other into an empty mailbox, while the node listens. "want" is all that it gives, and is written by this
// script: the node's own trigger is called, with the little that it asks of n8n.
//
//	node record.mjs [FILE…]     records the cases that have no "want" (all with --all)
//
// It needs n8n 2.40.7 in the folder n8n of N8N_REFERENCE_HOME, and a server for IMAP at port IMAP_PORT of 127.0.0.1 for the user ann with the
// password s3cret-pass, whose mailbox is the Maildir IMAP_MAILDIR of the user nobody.
import { chownSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2).filter((a) => a !== "--all");
const all = process.argv.includes("--all");
const env = process.env;
const require = createRequire(join(env.N8N_REFERENCE_HOME, "n8n", "package.json"));
const known = require("n8n-nodes-base/dist/known/nodes.json").emailReadImap;
const { [known.className]: Node } = require(join("n8n-nodes-base", known.sourcePath));
const nobody = 65534;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function empty() {
  rmSync(env.IMAP_MAILDIR, { recursive: true, force: true });
  for (const dir of ["", "new", "cur", "tmp"]) {
    mkdirSync(join(env.IMAP_MAILDIR, dir), { recursive: true });
    chownSync(join(env.IMAP_MAILDIR, dir), nobody, nobody);
  }
}

let count = 0;
function deliver(text) {
  const name = `17000000${String(++count).padStart(4, "0")}.M1.host`;
  const at = join(env.IMAP_MAILDIR, "tmp", name);
  writeFileSync(at, Buffer.from(text, "latin1"));
  chownSync(at, nobody, nobody);
  renameSync(at, join(env.IMAP_MAILDIR, "new", name));
}

async function record(c) {
  const staticData = {};
  const { typeVersion, parameters } = c.trigger;
  const node = { name: "Node", type: "n8n-nodes-base.emailReadImap", typeVersion, parameters };
  const values = { mailbox: "INBOX", postProcessAction: "read", downloadAttachments: false, format: "simple", dataPropertyAttachmentsPrefixName: "attachment_", options: {}, ...parameters };
  const items = [];
  const context = {
    getNodeParameter: (name, other) => values[name] ?? other,
    getCredentials: async () => ({ user: "ann", password: "s3cret-pass", host: "127.0.0.1", port: +env.IMAP_PORT, secure: false, allowUnauthorizedCerts: false }),
    getNode: () => node,
    getMode: () => "trigger",
    getActivationMode: () => "activate",
    getWorkflow: () => ({ id: "1", active: true }),
    getWorkflowStaticData: () => staticData,
    emit: (data) => items.push(...data[0]),
    emitError: (e) => items.push({ error: e.message }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    helpers: {
      returnJsonArray: (data) => (Array.isArray(data) ? data : [data]).map((json) => ({ json })),
      prepareBinaryData: async (content, fileName, mimeType) => ({ data: Buffer.from(content).toString("base64"), fileName, mimeType }),
      createDeferredPromise: () => {
        let resolve, reject;
        const promise = new Promise((a, b) => ([resolve, reject] = [a, b]));
        return { promise, resolve, reject };
      },
    },
  };
  empty();
  const type = new Node();
  const { closeFunction } = await (type.nodeVersions?.[typeVersion] ?? type).trigger.call(context);
  await pause(300);
  for (const mail of c.mails) {
    const before = items.length;
    deliver(mail);
    for (let i = 0; i < 60 && items.length === before; i++) await pause(50);
  }
  await closeFunction?.();
  return items;
}

const folder = join(here, "imap");
for (const file of args.length ? args : readdirSync(folder).sort().map((f) => join(folder, f))) {
  const c = JSON.parse(readFileSync(file, "utf8"));
  if (c.want && !all) continue;
  c.want = await record(c);
  const list = (items) => (items.length ? `[\n    ${items.map((i) => JSON.stringify(i)).join(",\n    ")}\n  ]` : "[]");
  writeFileSync(file, `{\n${Object.entries(c).map(([k, v]) => `  ${JSON.stringify(k)}: ${Array.isArray(v) ? list(v) : JSON.stringify(v)}`).join(",\n")}\n}\n`);
}
process.exit();
