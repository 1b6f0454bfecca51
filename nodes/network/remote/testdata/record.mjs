// Fills in what n8n answers to the cases in this folder. A case is a file NAME/CASE.json:
//
//	{"node": {"type", "typeVersion", "parameters", "credentials", "onError"?, …}, "input": [items], "want": …, "then": {"made", "gone"}}
//
// The node runs behind a Manual Trigger "Start" with these items pinned; binary data of input has its content in "text". ROOT
// stands for the folder of the case (of its own, with files that are the same for each), HERE for its name in the user's home,
// UID, GID and OWNERS for who owns the files. "want" and "then" (what the case did to its folder) are written by this script.
// Of a "longname" of SFTP the count of links and the names of the owners are left out, which the library drops.
//
// TestRecord starts the servers and then this, for the cases that have no "want" (internal/golden/reference.mjs says more).
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cases, readable, start, want, workflow, write } from "../../../../internal/golden/reference.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const credentials = JSON.parse(process.env.CREDENTIALS);
const n8n = await start();

function tree(dir, prefix = "", found = {}) {
  for (const d of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, d.name);
    if (d.isDirectory()) {
      found[prefix + d.name] = "a folder";
      tree(path, prefix + d.name + "/", found);
    } else {
      found[prefix + d.name] = d.isSymbolicLink() ? "-> " + readlinkSync(path) : readFileSync(path, "utf8");
    }
  }
  return found;
}

function change(before, after) {
  const made = Object.keys(after).filter((k) => before[k] !== after[k]).sort();
  return { made: Object.fromEntries(made.map((k) => [k, after[k]])), gone: Object.keys(before).filter((k) => !(k in after)).sort() };
}

// plain takes out of a list of SFTP what is not the same everywhere.
function plain(json) {
  if (json.longname) {
    json.longname = json.longname.replace(/^(\S+)\s+\d+ \S+\s+\S+\s+(\d+) /, (_, rights, size) => `${rights}    ? OWNERS ${size.padStart(8)} `);
    Object.assign(json, { owner: "UID", group: "GID" });
  }
  return json;
}

const item = ({ json, binary }) => ({ json: plain(json), binary: binary && Object.keys(binary).length ? readable(binary) : undefined });

const todo = [...cases(here)];
for (const { file, c } of todo) {
  const name = basename(dirname(file)) + "-" + basename(file, ".json");
  const root = join(process.env.ROOT, name);
  const before = tree(root);
  const request = { workflow: workflow(c), credentials, timeout: 30000 };
  const w = want(await n8n.ask(request, (text) => text.replaceAll("ROOT", root).replaceAll("HERE", name)), item);
  c.want = JSON.parse(JSON.stringify(w).replaceAll(root, "ROOT").replaceAll(name, "HERE"));
  c.then = change(before, tree(root));
  write(file, c);
}
console.log(`recorded ${todo.length} cases`);
n8n.stop();
