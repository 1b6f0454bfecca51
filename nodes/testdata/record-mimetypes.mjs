// Writes mimetypes.txt, which is what n8n 2.40.7 says of file names: a line for each extension that it knows, "EXTENSION TYPE". It is
// asked for the extensions that the file has, and those named. Content is a PNG, whose type n8n gives for other names.
//
//	node record-mimetypes.mjs [EXTENSION…]     (reference.mjs has the options)
import { readFileSync, writeFileSync } from "node:fs";
import { start, workflow } from "../../internal/golden/reference.mjs";

const file = new URL("../mimetypes.txt", import.meta.url);
const had = readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => line.split(" ")[0]);
const extensions = [...new Set([...had, ...process.argv.slice(2).filter((a) => !a.startsWith("--"))])].sort();
const jsCode = `const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const types = [];
for (const e of ${JSON.stringify(extensions)}) types.push((await this.helpers.prepareBinaryData(png, 'a.' + e)).mimeType);
return [{ json: { types } }];`;
const n8n = await start();
const node = { type: "n8n-nodes-base.code", typeVersion: 2, parameters: { jsCode } };
const answer = await n8n.ask({ workflow: workflow({ node, input: [{ json: {} }] }) });
n8n.stop();
const { types } = answer.run.resultData.runData.Node[0].data.main[0][0].json;
const known = extensions.flatMap((e, i) => (types[i] === "image/png" && e !== "png" ? [] : [`${e} ${types[i]}\n`]));
writeFileSync(file, known.join(""));
console.log(`${known.length} extensions`);
