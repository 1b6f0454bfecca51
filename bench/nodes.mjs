// Times the data nodes of Cordboard and of n8n, each on the same items, and prints a table: items per second of the node alone, as both
// programs tell it in their run data (executionTime).
//
//	node bench/nodes.mjs [-n ITEMS] [NAME…]      with bin/cordboard, built by make build; CORDBOARD names another program
//
// n8n is measured too if N8N_REFERENCE_HOME is the folder of a program run.js that answers workflows, one JSON a line (as in
// internal/golden/reference.mjs). Its expression engine is the one of N8N_EXPRESSION_ENGINE.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

// The server that HTTP Request asks, in a thread of its own: this one waits for the programs.
if (!isMainThread) {
  const server = createServer((req, res) => {
    res.setHeader("content-type", "application/json");
    res.end('{"id":12345,"name":"somebody","tags":["a","b"]}');
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
  await new Promise(() => {});
}
const server = new Worker(fileURLToPath(import.meta.url));
const port = await new Promise((done) => server.once("message", done));
server.unref();

const args = process.argv.slice(2);
const at = args.indexOf("-n");
const count = at >= 0 ? Number(args.splice(at, 2)[1]) : 100_000;
const program = process.env.CORDBOARD ?? "bin/cordboard";

const html = (i) => `<html><body><h1 id="t">Title ${i}</h1><p class="a">Some <b>bold</b> text with <a href="http://x.org/${i}">a link</a>.</p><ul><li>one</li><li>two</li></ul></body></html>`;
const field = (i) => ({
  id: i, name: `item number ${i}`, group: `g${i % 100}`, amount: (i * 7919) % 1000, date: "2026-03-04T05:06:07.089Z",
});
const plain = field;
const nodes = {
  "html (3 values)": ["html", 1.2, { operation: "extractHtmlContent", dataPropertyName: "data", extractionValues: { values: [
    { key: "title", cssSelector: "h1" }, { key: "link", cssSelector: "a", returnValue: "attribute", attribute: "href" }, { key: "list", cssSelector: "li", returnArray: true }] } }, (i) => ({ data: html(i) })],
  "xml to JSON": ["xml", 1, {}, (i) => ({ data: `<order id="${i}"><name>item ${i}</name><lines><line n="1">a</line><line n="2">b &amp; c</line></lines></order>` })],
  "JSON to xml": ["xml", 1, { mode: "jsonToxml" }, (i) => ({ order: { $: { id: i }, name: `item ${i}`, lines: { line: ["a", "b & c"] } } })],
  "markdown to HTML": ["markdown", 1, { mode: "markdownToHtml", markdown: "={{ $json.data }}" }, (i) => ({ data: `# Title ${i}\n\nSome **bold** text with [a link](http://x.org/${i}).\n\n- one\n- two\n` })],
  "HTML to markdown": ["markdown", 1, { mode: "htmlToMarkdown", html: "={{ $json.data }}" }, (i) => ({ data: html(i) })],
  "jwt sign (HS256)": ["jwt", 1, { useJson: true, claimsJson: '{"sub":"someone","role":"x"}' }, plain],
  "dateTime 1 format": ["dateTime", 1, { value: "={{ $json.date }}" }, plain],
  "dateTime 2 format": ["dateTime", 2, { operation: "formatDate", date: "={{ $json.date }}" }, plain],
  "crypto hash (SHA256)": ["crypto", 1, { type: "SHA256", value: "={{ $json.name }}" }, plain],
  "set, one expression": ["set", 3.4, { assignments: { assignments: [{ id: "a", name: "twice", type: "number", value: "={{ $json.amount * 2 }}" }] }, includeOtherFields: true, options: {} }, plain],
  "renameKeys": ["renameKeys", 1, { keys: { key: [{ currentKey: "name", newKey: "title" }] } }, plain],
  "sort": ["sort", 1, { sortFieldsUi: { sortField: [{ fieldName: "amount", order: "ascending" }] } }, plain],
  "sort by code": ["sort", 1, { type: "code", code: "return a.json.amount - b.json.amount;" }, plain],
  "limit": ["limit", 1, { maxItems: 50_000 }, plain],
  "removeDuplicates": ["removeDuplicates", 1, { compare: "selectedFields", fieldsToCompare: "amount" }, plain],
  "aggregate": ["aggregate", 1, { aggregate: "aggregateAllItemData" }, plain],
  "summarize": ["summarize", 1, { fieldsToSummarize: { values: [{ aggregation: "sum", field: "amount" }] }, fieldsToSplitBy: "group" }, plain],
  "splitOut": ["splitOut", 1, { fieldToSplitOut: "lines" }, (i) => ({ id: i, lines: [{ a: 1 }, { a: 2 }] })],
  "httpRequest, one at a time": ["httpRequest", 4.2, { url: `=http://127.0.0.1:${port}/{{ $json.id }}`, options: { batching: { batch: { batchSize: 1, batchInterval: 0 } } } }, plain],
  "httpRequest, as many as it sends": ["httpRequest", 4.2, { url: `=http://127.0.0.1:${port}/{{ $json.id }}`, options: {} }, plain],
  "itemLists, split": ["itemLists", 3.1, { operation: "splitOutItems", fieldToSplitOut: "lines", options: {} }, (i) => ({ id: i, lines: [{ a: 1 }, { a: 2 }] })],
};

const credentials = [{ id: "jwtAuth", name: "jwtAuth", type: "jwtAuth", data: { keyType: "passphrase", secret: "secret", algorithm: "HS256" } }];
const dir = mkdtempSync(join(tmpdir(), "bench-nodes-"));
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
writeFileSync(join(dir, "credentials.json"), JSON.stringify(credentials));

function workflow([type, typeVersion, parameters]) {
  const uses = type === "jwt" ? { credentials: { jwtAuth: { id: "jwtAuth", name: "jwtAuth" } } } : {};
  return {
    name: "bench", settings: { executionOrder: "v1" }, connections: { Start: { main: [[{ node: "Node", type: "main", index: 0 }]] } },
    nodes: [
      { id: "1", name: "Start", type: "n8n-nodes-base.manualTrigger", typeVersion: 1, position: [0, 0], parameters: {} },
      { id: "2", name: "Node", type: `n8n-nodes-base.${type}`, typeVersion, position: [200, 0], parameters, ...uses },
    ],
  };
}

function timeOf(runData) {
  const run = runData.Node?.[0];
  if (run?.executionStatus !== "success") throw new Error(JSON.stringify(run?.error ?? runData).slice(0, 300));
  return run.executionTime;
}

function cordboard(flow, items) {
  const files = [join(dir, "flow.json"), join(dir, "items.json")];
  writeFileSync(files[0], JSON.stringify(flow));
  writeFileSync(files[1], JSON.stringify(items));
  const out = execFileSync(program, ["run", files[0], "--input", files[1], "--output", "run", "--credentials", join(dir, "credentials.json")], { maxBuffer: 2 ** 30, stdio: ["ignore", "pipe", "ignore"] });
  return timeOf(JSON.parse(out).data.resultData.runData);
}

let reference, answers;
async function n8n(flow, items) {
  if (!reference) {
    reference = spawn(process.execPath, ["--max-old-space-size=8000", join(process.env.N8N_REFERENCE_HOME, "run.js"), "--serve"], { stdio: ["pipe", "pipe", "ignore"] });
    answers = (async function* () {
      let parts = [];
      for await (const chunk of reference.stdout) {
        let rest = chunk;
        for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
          yield JSON.parse(Buffer.concat([...parts, rest.subarray(0, end)]));
          parts = [];
          rest = rest.subarray(end + 1);
        }
        parts.push(rest);
      }
    })();
    await answers.next();
  }
  reference.stdin.write(JSON.stringify({ id: 1, workflow: { ...flow, pinData: { Start: items.map((json) => ({ json })) } }, credentials: { jwtAuth: credentials[0].data } }) + "\n");
  const { value } = await answers.next();
  if (!value.ok) throw new Error(JSON.stringify(value.error).slice(0, 300));
  return timeOf(value.run.resultData.runData);
}

const perSecond = (ms) => Math.round((count / Math.max(ms, 1)) * 1000).toLocaleString("en");
console.log(`${count} items, load ${loadavg()[0].toFixed(1)}, n8n's expressions: ${process.env.N8N_EXPRESSION_ENGINE ?? "default"}\n`);
console.log("| node | n8n, items/s | Cordboard, items/s | times |\n| --- | --- | --- | --- |");
for (const [name, node] of Object.entries(nodes)) {
  if (args.length && !args.some((a) => name.includes(a))) continue;
  const items = Array.from({ length: count }, (_, i) => node[3](i));
  const flow = workflow(node);
  try {
    const ours = Math.min(cordboard(flow, items), cordboard(flow, items));
    const theirs = process.env.N8N_REFERENCE_HOME ? await n8n(flow, items) : undefined;
    console.log(`| ${name} | ${theirs ? perSecond(theirs) : "-"} | ${perSecond(ours)} | ${theirs ? (theirs / Math.max(ours, 1)).toFixed(1) : "-"} |`);
  } catch (e) {
    console.log(`| ${name} | ${e.message} | | |`);
  }
}
reference?.kill();
