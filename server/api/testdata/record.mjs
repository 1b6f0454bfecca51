// Records what n8n's public API answers to the exchanges of the files in this folder. A file is
//
//	{"exchanges": [{"name", "key"?, "method"?, "path", "headers"?, "json"? | "text"?, "save"?, "pause"?, "unordered"?, "count"?, "response"}]}
//
// The exchanges of a file follow one another. "key" says which API key goes with it: "all" (every scope, the default), "none", "wrong", or a
// list of scopes. "save": {"wf": "id"} keeps a value of the answer's JSON, by its path, which later paths and bodies name as ${wf}.
// "pause" waits after it. "unordered" says that the order of the answer's list means nothing, "count" that only its length does.
// "response" is written by this script: {status, type, body | text}. What is saved stands as ${wf} in it too, times as <time>, ids that n8n
// makes for versions and projects as <id>, cursors as what they
// hold, and the headers of webhooks' calls are left out.
//
//	node record.mjs BASE-URL [FILE…]     records all exchanges of the files
//
// BASE-URL is that of a fresh n8n 2.40.7 on this machine; the script makes its owner.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [base, ...named] = process.argv.slice(2);
const files = named.length ? named : readdirSync(here).filter((f) => f.endsWith(".json")).map((f) => join(here, f));
const owner = { email: "owner@example.com", firstName: "O", lastName: "W", password: "Owner-pass-1" };
let cookie = "";
const seconds = (n) => new Promise((resolve) => setTimeout(resolve, 1000 * n));

async function rest(method, path, body) {
  const res = await fetch(base + path, { method, headers: { cookie, "content-type": "application/json" }, body: body && JSON.stringify(body) });
  const set = res.headers.getSetCookie();
  if (set.length) cookie = set.map((c) => c.split(";")[0]).join("; ");
  return JSON.parse((await res.text()) || "{}").data;
}

for (let tries = 0; !(await fetch(base + "/rest/settings").then((r) => r.headers.get("content-type")?.includes("json"), () => false)) && tries < 100; tries++) await seconds(1);
await rest("POST", "/rest/owner/setup", owner);
await rest("POST", "/rest/login", { emailOrLdapLoginId: owner.email, password: owner.password });
const every = await rest("GET", "/rest/api-keys/scopes");
const keys = new Map([["none", undefined], ["wrong", "not-a-key"]]);
async function keyOf(name) {
  const id = JSON.stringify(name ?? "all");
  if (keys.has(name)) return keys.get(name);
  if (!keys.has(id)) {
    const made = await rest("POST", "/rest/api-keys", { label: "k" + Date.now(), expiresAt: null, scopes: Array.isArray(name) ? name : every });
    keys.set(id, made.rawApiKey);
  }
  return keys.get(id);
}

const fill = (text, vars) => text.replace(/\$\{(\w+)\}/g, (all, name) => vars[name] ?? all);
const dig = (value, path) => path.split(".").reduce((v, key) => v?.[key], value);

function mask(value, vars, key) {
  if (Array.isArray(value)) return value.map((v) => mask(v, vars, key));
  if (key === "headers" && value && typeof value === "object") return {}; // of a webhook's call
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mask(v, vars, k)]));
  for (const [name, v] of key === "nextCursor" ? [] : Object.entries(vars)) if (value === v && typeof v === "string" && v !== "") return "${" + name + "}";
  if (key === "id" && typeof value === "number") return mask(String(value), vars, key);
  if (typeof value !== "string") return ["startTime", "executionTime", "timestamp"].includes(key) ? 0 : value;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return "<time>";
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(value)) return "<id>";
  if (key === "stack") return "<stack>";
  if (key === "projectId" || key === "resumeToken") return "<id>";
  if (key === "nextCursor") return "<cursor " + Buffer.from(value, "base64").toString().replace(/"lastId":"\d+"/, '"lastId":"0"') + ">";
  if (key === "message") for (const [name, v] of Object.entries(vars)) if (/^\d+$/.test(v)) value = value.replace(new RegExp("\\b" + v + "\\b"), "${" + name + "}");
  return value.replace(/O W <[^>]*>/, "<owner>");
}

async function clear() {
  const headers = { "x-n8n-api-key": await keyOf("all") };
  const all = async (what) => (await (await fetch(base + "/api/v1/" + what + "?limit=250", { headers })).json()).data ?? [];
  for (const w of await all("workflows")) {
    await fetch(base + `/api/v1/workflows/${w.id}/deactivate`, { method: "POST", headers });
    await fetch(base + `/api/v1/workflows/${w.id}`, { method: "DELETE", headers });
  }
  for (const what of ["executions", "tags", "credentials"]) for (const x of await all(what)) await fetch(base + `/api/v1/${what}/${x.id}`, { method: "DELETE", headers });
}

for (const file of files) {
  const data = JSON.parse(readFileSync(file, "utf8"));
  if (!data.exchanges) continue;
  const vars = {};
  await clear();
  for (const e of data.exchanges) {
    const key = e.path.startsWith("/webhook/") ? undefined : await keyOf(e.key);
    const body = e.json !== undefined ? fill(JSON.stringify(e.json), vars) : e.text;
    const headers = { ...(key ? { "x-n8n-api-key": key } : {}), ...(e.json !== undefined ? { "content-type": "application/json" } : {}), ...e.headers };
    const res = await fetch(base + fill(e.path, vars), { method: e.method ?? "GET", headers, body });
    const text = await res.text();
    e.response = { status: res.status, type: res.headers.get("content-type") ?? "" };
    try {
      const value = JSON.parse(text);
      for (const [name, path] of Object.entries(e.save ?? {})) vars[name] = dig(value, path);
      e.response.body = mask(value, vars);
    } catch {
      e.response.text = text;
    }
    console.log(e.response.status, e.name, "|", e.method ?? "GET", e.path, text.slice(0, 300));
    if (/^\/webhook\/|activate$|retry$/.test(e.path) || e.pause) await seconds(1.5);
  }
  writeFileSync(file, JSON.stringify(data, null, 1) + "\n");
}
