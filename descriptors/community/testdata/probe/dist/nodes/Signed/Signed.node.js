"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const n8n_workflow_1 = require("n8n-workflow");
class Signed {
    constructor() {
        this.description = {
            displayName: 'Signed',
            name: 'signed',
            group: ['transform'],
            version: 1,
            description: 'Sends what a function of its credential signs',
            defaults: { name: 'Signed' },
            inputs: [n8n_workflow_1.NodeConnectionTypes.Main],
            outputs: [n8n_workflow_1.NodeConnectionTypes.Main],
            credentials: [{ name: 'signedApi', required: true }],
            requestDefaults: { baseURL: '={{$credentials.url}}/v1', headers: { Accept: 'application/json' } },
            properties: [
                {
                    displayName: 'Operation', name: 'operation', type: 'options', noDataExpression: true, default: 'post',
                    options: [
                        { name: 'Post', value: 'post', routing: { request: { method: 'POST', url: '/signed', body: { b: 1 } } } },
                        { name: 'Before', value: 'before', routing: { request: { method: 'GET', url: '/signed' }, send: { preSend: [async (options) => { options.headers.Before = JSON.stringify(options.headers); return options; }] } } },
                    ],
                },
            ],
        };
    }
}
exports.Signed = Signed;
