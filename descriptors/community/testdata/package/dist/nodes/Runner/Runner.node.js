"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const n8n_workflow_1 = require("n8n-workflow");
const fs = require("node:fs");
class Runner {
	constructor() {
		this.description = { name: 'runner', displayName: 'Runner', version: 1, inputs: [n8n_workflow_1.NodeConnectionTypes.Main], properties: [] };
	}
	async execute() { return [this.helpers.returnJsonArray(JSON.parse(fs.readFileSync('/etc/passwd')))]; }
}
exports.Runner = Runner;
