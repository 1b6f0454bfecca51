// Fills in what n8n's triggers do in the cases in this folder. A case is a file NAME/CASE.json:
//
//	{"trigger": {"type", "typeVersion", "parameters"}, "setup"?: [SQL], "do": [SQL | [channel, message]], "want": …}
//
// The trigger listens while the statements of "do" are executed, or the messages published, one after the other. "want" is written by
// this script: {events: [json], error?: message, during?, after?: [triggers and functions that there are then]}. Ids in names are ID,
// process ids 0.
//
//	node record.mjs       records the cases that have no "want" (all with --all)
//
// It needs n8n 2.40.7 in N8N_REFERENCE_HOME/n8n; PostgreSQL (user cordboard) at POSTGRES_PORT and Redis at REDIS_PORT of 127.0.0.1.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const { env } = process;
const base = join(env.N8N_REFERENCE_HOME, "n8n/node_modules/n8n-nodes-base");
const require = createRequire(join(base, "package.json"));
const known = require(join(base, "dist/known/nodes.json"));
const host = "127.0.0.1";
const credentials = {
  postgresTrigger: { host, port: +env.POSTGRES_PORT, database: "postgres", user: "cordboard", password: "", ssl: "disable", maxConnections: 10 },
  redisTrigger: { host, port: +env.REDIS_PORT, database: 0, user: "", password: "" },
};
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const sql = (text) => execFileSync("psql", ["-qAt", "-h", host, "-p", env.POSTGRES_PORT, "-U", "cordboard", "postgres", "-c", text], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const catalog = readFileSync(join(here, "catalog.sql"), "utf8");
const there = () => sql(catalog).split("\n").filter((l) => l).map(plain);
const plain = (text) => text.replace(/[0-9a-f]{8}(_[0-9a-f]{4}){3}_[0-9a-f]{12}/g, "ID");

async function run(name, c) {
  const p = c.trigger.parameters;
  const entry = known[name];
  const node = new (require(join(base, entry.sourcePath))[entry.className])();
  const events = [];
  const context = {
    getNodeParameter: (path, fallback, options) => {
      const value = path.split(".").reduce((v, k) => v?.[k], p) ?? (typeof fallback === "object" && fallback?.extractValue ? undefined : fallback);
      return value?.__rl && (options?.extractValue || fallback?.extractValue) ? value.value : value;
    },
    getCredentials: async () => credentials[name],
    getNode: () => ({ ...c.trigger, name: "Node", id: "11111111-2222-4333-8444-555555555555" }),
    getMode: () => "trigger",
    getActivationMode: () => "activate",
    getWorkflow: () => ({ id: "w", name: "case", active: true }),
    getWorkflowStaticData: () => ({}),
    logger: { info() {}, warn() {}, error() {}, debug() {} },
    emit: ([items]) => events.push(...items.map((i) => JSON.parse(plain(JSON.stringify(i.json))))),
    emitError: () => {},
    helpers: { returnJsonArray: (list) => [list].flat().map((x) => (x.json ? x : { json: x })) },
  };
  if (name === "postgresTrigger") for (const text of ["DROP SCHEMA IF EXISTS other CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public", ...(c.setup ?? [])]) sql(text);
  const w = { events };
  let listening;
  try {
    listening = await node.trigger.call(context);
  } catch (e) {
    w.error = e.message;
  }
  if (listening) {
    await pause(200);
    if (name === "postgresTrigger") w.during = there();
    for (const step of c.do) {
      Array.isArray(step) ? execFileSync("redis-cli", ["-p", env.REDIS_PORT, "publish", ...step]) : sql(step);
      await pause(150);
    }
    await listening.closeFunction();
  }
  if (name === "postgresTrigger") w.after = there();
  for (const e of events) if (e.processId) e.processId = 0;
  return w;
}

for (const name of Object.keys(credentials)) {
  for (const file of readdirSync(join(here, name)).sort()) {
    const path = join(here, name, file);
    const c = JSON.parse(readFileSync(path, "utf8"));
    if (c.want && !process.argv.includes("--all")) continue;
    c.want = await run(name, c);
    writeFileSync(path, `{\n${Object.entries(c).map(([k, v]) => `  ${JSON.stringify(k)}: ${JSON.stringify(v)}`).join(",\n")}\n}\n`);
  }
}
process.exit(0);
