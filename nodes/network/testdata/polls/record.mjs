// Fills in what n8n's RSS Feed Trigger gives to the feeds in this folder. A case is a file rss/CASE.json:
//
//	{"trigger": {parameters}, "feeds": [text or status, …], "want": [[items] | null | {"error"}, …], "byHand"?: true}
//
// The trigger asks once for each of the feeds, in order, keeping its static data. "want", what it gave each time, is written by this
// script: the node's own poll is called, with the little that it asks of n8n.
//
//	node record.mjs [FILE…]     records the cases that have no "want" (all with --all)
//
// It needs n8n 2.40.7 in the folder n8n of N8N_REFERENCE_HOME.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2).filter((a) => a !== "--all");
const all = process.argv.includes("--all");
if (!process.env.N8N_REFERENCE_HOME) throw new Error("set N8N_REFERENCE_HOME");
const require = createRequire(join(process.env.N8N_REFERENCE_HOME, "n8n", "package.json"));
const known = require("n8n-nodes-base/dist/known/nodes.json").rssFeedReadTrigger;
const { [known.className]: Trigger } = require(join("n8n-nodes-base", known.sourcePath));

let feed = "";
const server = createServer((req, res) => {
  if (typeof feed === "number") res.writeHead(feed);
  res.end(typeof feed === "number" ? "" : feed);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const feedUrl = "http://127.0.0.1:" + server.address().port + "/feed";

async function httpRequest({ url, returnFullResponse }) {
  const res = await fetch(url);
  const body = await res.text();
  if (!res.ok) throw new Error(`Request failed with status code ${res.status}`);
  return returnFullResponse ? { statusCode: res.status, headers: Object.fromEntries(res.headers), body } : body;
}

const folder = join(here, "rss");
for (const file of args.length ? args : readdirSync(folder).sort().map((f) => join(folder, f))) {
  const c = JSON.parse(readFileSync(file, "utf8"));
  if (c.want && !all) continue;
  const staticData = {};
  const node = { name: "Feed", type: "n8n-nodes-base.rssFeedReadTrigger", typeVersion: 1, parameters: {} };
  const context = {
    getWorkflowStaticData: () => staticData,
    getNodeParameter: (name) => ({ feedUrl, ...c.trigger })[name],
    getMode: () => (c.byHand ? "manual" : "trigger"),
    getNode: () => node,
    helpers: { httpRequest, returnJsonArray: (data) => (Array.isArray(data) ? data : [data]).map((json) => ({ json })) },
  };
  c.want = [];
  for (feed of c.feeds) {
    try {
      const got = await new Trigger().poll.call(context);
      c.want.push(got === null ? null : got[0].map(({ json }) => json));
    } catch (e) {
      c.want.push({ error: e.message });
    }
  }
  writeFileSync(file, `{\n${Object.entries(c).map(([k, v]) => `  ${JSON.stringify(k)}: ${Array.isArray(v) ? `[\n    ${v.map((i) => JSON.stringify(i)).join(",\n    ")}\n  ]` : JSON.stringify(v)}`).join(",\n")}\n}\n`);
}
server.close();
server.closeAllConnections();
