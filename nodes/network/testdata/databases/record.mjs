// Fills in what n8n answers to the cases in this folder. A case is a file NAME/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "onError"?, …}, "input": [items], "after"?: query, "want": …, "then"?: [rows]}
//
// The node runs behind a Manual Trigger "Start" with these items pinned, on tables made anew by NAME.sql (redis.txt). What the
// query "after" then finds is "then" (of Redis every key); "want" and "then" are written by this script.
//
//	node record.mjs [FOLDER|FILE…]     records the cases that have no "want" (all with --all)
//
// It needs n8n 2.40.7 behind a program run.js that answers workflows, one JSON a line; N8N_REFERENCE_HOME is its folder. The
// servers are on 127.0.0.1: PostgreSQL (user cordboard) at POSTGRES_PORT, MariaDB (user root) at MYSQL_PORT, Redis at REDIS_PORT.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2).filter((a) => a !== "--all");
const all = process.argv.includes("--all");
const env = process.env;
if (!env.N8N_REFERENCE_HOME) throw new Error("set N8N_REFERENCE_HOME");

const files = (path) => (statSync(path).isDirectory() ? readdirSync(path).sort().flatMap((f) => files(join(path, f))) : [path]);
const cases = (args.length ? args : [here]).flatMap(files).filter((f) => f.endsWith(".json"));

const host = "127.0.0.1";
const credentials = {
  postgres: { host, port: +env.POSTGRES_PORT, database: "postgres", user: "cordboard", password: "", ssl: "disable", maxConnections: 10 },
  mySql: { host, port: +env.MYSQL_PORT, database: "test", user: "root", password: "" },
  redis: { host, port: +env.REDIS_PORT, database: 0, user: "", password: "" },
};
const setup = {
  postgres: () => execFileSync("psql", ["-q", "-h", host, "-p", env.POSTGRES_PORT, "-U", "cordboard", "postgres", "-f", join(here, "postgres.sql")], { stdio: ["ignore", "ignore", "ignore"] }),
  mySql: () => execFileSync("mariadb", ["--no-defaults", "-h", host, "-P", env.MYSQL_PORT, "-u", "root"], { input: readFileSync(join(here, "mySql.sql")) }),
  redis: () => execFileSync("redis-cli", ["-p", env.REDIS_PORT], { input: readFileSync(join(here, "redis.txt")) }),
};
const query = { postgres: { type: "n8n-nodes-base.postgres", typeVersion: 2.6 }, mySql: { type: "n8n-nodes-base.mySql", typeVersion: 2.4 } };

const reference = spawn(process.execPath, [join(env.N8N_REFERENCE_HOME, "run.js"), "--serve"], { stdio: ["pipe", "pipe", "ignore"] });
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

// redisState is every key with its kind and content.
function redisState() {
  const ask = (...a) => execFileSync("redis-cli", ["-p", env.REDIS_PORT, ...a]).toString().split("\n").filter((l) => l);
  const read = { string: (k) => ask("GET", k), list: (k) => ask("LRANGE", k, "0", "-1"), set: (k) => ask("SMEMBERS", k).sort(), hash: (k) => ask("HGETALL", k) };
  return ask("KEYS", "*").sort().map((key) => {
    const kind = ask("TYPE", key)[0];
    return { key, kind, content: read[kind](key), expires: ask("TTL", key)[0] !== "-1" };
  });
}

async function run(node, input, kind) {
  const start = { type: "n8n-nodes-base.manualTrigger", typeVersion: 1, parameters: {}, name: "Start" };
  const chain = [start, { ...node, name: "Node", credentials: { [kind]: { id: kind, name: kind } } }];
  const nodes = chain.map((x, i) => ({ id: "n" + i, position: [200 * i, 0], ...x }));
  const workflow = { name: "case", nodes, connections: { Start: { main: [[{ node: "Node", type: "main", index: 0 }]] } }, pinData: { Start: input }, settings: { executionOrder: "v1" } };
  reference.stdin.write(JSON.stringify({ id: ++n, workflow, credentials, normalize: true, timeout: 20000 }) + "\n");
  return (await answer.next()).value;
}

function want(answer) {
  if (!answer.ok) return { refused: answer.error.message ?? String(answer.error) };
  const runs = answer.run.resultData.runData.Node;
  if (!runs) return { status: "not run" };
  const w = { status: runs[0].executionStatus };
  if (runs[0].data) w.outputs = runs[0].data.main.map((items) => (items ?? []).map(({ json, pairedItem }) => ({ json, pairedItem })));
  const e = runs[0].error;
  if (e) w.error = { message: e.message, description: e.description, itemIndex: e.context?.itemIndex };
  return w;
}

for (const file of cases) {
  const c = JSON.parse(readFileSync(file, "utf8"));
  if (c.want && !all) continue;
  const kind = basename(dirname(file));
  setup[kind]();
  c.want = want(await run(c.node, c.input, kind));
  if (c.after && kind === "redis") {
    c.then = redisState();
  } else if (c.after) {
    const after = want(await run({ ...query[kind], parameters: { operation: "executeQuery", query: c.after } }, [{ json: {} }], kind));
    c.then = after.outputs?.[0].map((i) => i.json) ?? after;
  }
  writeFileSync(file, format(c));
}
console.log(`recorded, ${n} runs`);
reference.stdin.end();
reference.kill();

// format writes a line for each part of a case, and for each item of its lists.
function format(c) {
  const list = (items) => (items.length ? `[\n    ${items.map((i) => JSON.stringify(i)).join(",\n    ")}\n  ]` : "[]");
  const part = ([key, value]) => {
    if (key === "input" || (key === "then" && Array.isArray(value))) return `  "${key}": ${list(value)}`;
    if (key !== "want") return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const { outputs, ...rest } = value;
    const tail = outputs ? `, "outputs": [${outputs.map(list).join(", ")}]` : "";
    return `  "want": {${JSON.stringify(rest).slice(1, -1)}${tail}}`;
  };
  return `{\n${Object.entries(c).map(part).join(",\n")}\n}\n`;
}
