"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const n8n_workflow_1 = require("n8n-workflow");
const thing_1 = require("./thing");
const list_1 = require("./list");
const answer_1 = require("./answer");
const hook_1 = require("./hook");
class Probe {
    constructor() {
        this.description = {
            displayName: 'Probe',
            name: 'probe',
            group: ['transform'],
            version: [1, 2],
            description: 'Sends what its parameters say',
            defaults: { name: 'Probe' },
            inputs: [n8n_workflow_1.NodeConnectionTypes.Main],
            outputs: [n8n_workflow_1.NodeConnectionTypes.Main],
            credentials: [{ name: 'probeApi', required: true }],
            requestDefaults: {
                baseURL: '={{$credentials.url}}/v{{$version}}',
                headers: { Accept: 'application/json', 'X-Fixed': 'yes' },
                qs: { from: 'defaults' },
            },
            properties: [
                {
                    displayName: 'Resource', name: 'resource', type: 'options', noDataExpression: true, default: 'thing',
                    options: [{ name: 'Thing', value: 'thing' }, { name: 'List', value: 'list' }, { name: 'Answer', value: 'answer' }, { name: 'Hook', value: 'hook' }],
                },
                ...thing_1.properties,
                ...list_1.properties,
                ...answer_1.properties,
                ...hook_1.properties,
            ],
        };
    }
}
exports.Probe = Probe;
