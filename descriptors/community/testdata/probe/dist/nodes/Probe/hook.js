"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.properties = void 0;
const crypto_1 = require("crypto");
const n8n_workflow_1 = require("n8n-workflow");
const tools_1 = require("./tools");
const only = (...operation) => ({ show: { resource: ['hook'], operation } });
// op is an operation that sends to /hook/NAME; before and after are its functions.
const op = (name, { before, after, request, method = 'POST', operations } = {}) => ({
    name, value: name, routing: {
        request: { method, url: `/hook/${name}`, ...request },
        ...(before ? { send: { preSend: [].concat(before) } } : {}),
        ...(after ? { output: { postReceive: [].concat(after) } } : {}),
        ...(operations ? { operations } : {}),
    },
});
const errors = {
    plain: () => new Error('plain words'),
    type: () => new TypeError('wrong type'),
    text: () => 'a text',
    object: () => ({ message: 'of an object', description: 'more' }),
    operation: (node) => new n8n_workflow_1.NodeOperationError(node, 'operation words'),
    operationMore: (node) => new n8n_workflow_1.NodeOperationError(node, 'operation words', { description: 'why', itemIndex: 0 }),
    operationOf: (node) => new n8n_workflow_1.NodeOperationError(node, new Error('inner'), { message: 'outer', description: 'why' }),
    operationInner: (node) => new n8n_workflow_1.NodeOperationError(node, new Error('inner')),
    api: (node) => new n8n_workflow_1.NodeApiError(node, { message: 'api words' }),
    apiMore: (node) => new n8n_workflow_1.NodeApiError(node, { message: 'api words', description: 'inside' }, { message: 'api title', description: 'why', httpCode: '418' }),
    apiCode: (node) => new n8n_workflow_1.NodeApiError(node, { message: 'api words' }, { httpCode: '404' }),
    apiBody: (node) => new n8n_workflow_1.NodeApiError(node, { statusCode: 422, error: { message: 'of the body' } }),
    apiStatus: (node) => new n8n_workflow_1.NodeApiError(node, { message: 'api words', statusCode: 403 }),
    property: () => { const nothing = undefined; return nothing.there; },
};
async function fails(given) {
    throw errors[this.getNodeParameter('how')](this.getNode());
}
const mark = (name) => async function (options) {
    options.headers = { ...options.headers, 'X-Marks': `${options.headers['X-Marks'] || ''}${name}` };
    return options;
};
const results = {
    none: () => undefined, null: () => null, text: () => 'words', number: () => 5, object: (items) => ({ json: { a: 1 } }), empty: () => [],
    bare: () => [{ a: 1 }, { b: 2 }], mixed: () => [{ json: { a: 1 } }, { b: 2 }], scalars: () => [1, 'two'], jsonText: () => [{ json: 'text' }], jsonList: () => [{ json: [1] }],
    paired: () => [{ json: { a: 1 }, pairedItem: { item: 0 } }, { json: { b: 1 }, pairedItem: 5 }], date: () => [{ json: { at: new Date(0), un: undefined, nan: NaN, deep: { f: () => 1 } } }],
};
const bodies = {
    text: () => 'some words', bytes: () => Buffer.from([0, 1, 254, 255]), list: () => [1, { a: 'b' }], none: () => undefined, null: () => null, form: () => new URLSearchParams({ a: 'x y', b: '1&2' }),
    number: () => 5, nothing: () => ({}), dates: () => ({ at: new Date(0), un: undefined, nan: NaN }), view: () => new Uint8Array([65, 66, 200]),
    multipart: () => { const f = new FormData(); f.append('a', 'x'); f.append('f', new Blob(['bytes'], { type: 'text/css' }), 'a.css'); return f; },
};
exports.properties = [
    {
        displayName: 'Operation', name: 'operation', type: 'options', noDataExpression: true, default: 'sync',
        displayOptions: { show: { resource: ['hook'] } },
        options: [
            op('options', { before: async (options) => { options.body = { text: JSON.stringify(options), keys: Object.keys(options).sort() }; return options; }, request: { qs: { a: 1 }, headers: { 'X-Own': '=v{{$credentials.tenant}}' }, body: { b: { c: 2 } } } }),
            op('self', {
                before: async function (options) {
                    const { name, type, typeVersion, parameters } = this.getNode();
                    options.body = {
                        node: { name, type, typeVersion }, parameters, item: this.getItemIndex(), input: this.getInputData(), mode: typeof this.getMode(), workflow: Object.keys(this.getWorkflow()).sort(),
                        active: this.getWorkflow().active, zone: this.getTimezone(), goesOn: this.continueOnFail(), has: tools_1.names(this, options),
                        helpers: ['returnJsonArray', 'httpRequest', 'getBinaryDataBuffer', 'prepareBinaryData'].map((n) => typeof this.helpers[n]),
                    };
                    return options;
                },
            }),
            op('parameters', {
                before: async function (options) {
                    const read = (...of) => { try { const v = this.getNodeParameter(...of); return v === undefined ? 'undefined' : v; } catch (e) { return `${e.constructor.name}: ${e.message}`; } };
                    options.body = {
                        text: read('text'), list: read('pairs.pair'), at: read('pairs.pair[0].key'), deep: read('pairs.pair[0].none'), deepOr: read('pairs.pair[0].none', 'or'), missing: read('nothing'),
                        or: read('nothing', 'or'), orNull: read('nothing', null), zero: read('nothing', 0, 'other'), hidden: read('how'), resource: read('resource'), all: read('more'), inMore: read('more.inside'),
                    };
                    return options;
                },
            }),
            op('sync', { before: function (options) { options.qs = { ...options.qs, sync: this.getNodeParameter('text') }; options.url += '/more'; options.method = 'PUT'; options.body = { list: tools_1.words(this.getNodeParameter('text')) }; return options; } }),
            op('later', { before: async function (options) { await new Promise((go) => setTimeout(go, 5)); const { shout } = await Promise.resolve().then(() => require('./dynamic')); options.headers['X-Later'] = shout(this.getNodeParameter('text')); return options; } }),
            op('address', { before: async function (options) { options.url = this.getNodeParameter('text'); return options; } }),
            op('base', { before: async function (options) { options.baseURL = options.baseURL.replace('/v1', '/v9'); return options; } }),
            op('chain', { before: [mark('a'), mark('b')] }),
            op('sign', {
                before: async function (options) {
                    const text = JSON.stringify(options.body);
                    options.headers['X-Sum'] = crypto_1.createHmac('sha256', 'key').update(text).digest('hex') + crypto_1.createHash('md5').update(text).digest('base64');
                    return options;
                }, request: { body: { a: 1 } },
            }),
            op('failBefore', { before: fails }),
            op('failAfter', { after: fails }),
            op('forget', { before: async (options) => { options.qs = { changed: 'yes' }; } }),
            op('other', { before: async () => ({ method: 'PUT', url: '/hook/new' }) }),
            op('body', { before: async function (options) { options.body = bodies[this.getNodeParameter('how')](); return options; } }),
            op('typedBody', { before: async function (options) { options.headers['Content-Type'] = 'text/plain'; options.body = bodies[this.getNodeParameter('how')](); return options; } }),
            op('evaluate', { before: async function (options) { options.body = { sum: this.evaluateExpression('={{ $json.a + 1 }}'), name: this.evaluateExpression('={{ $json.a + 1 }}', 0), plain: this.evaluateExpression('words'), bare: this.evaluateExpression('{{ $json.a + 1 }}'), none: typeof this.evaluateExpression('{{ $json.b }}'), parameter: this.evaluateExpression('={{ $parameter.text }}') }; return options; } }),
            op('result', { method: 'GET', after: async function (items) { return results[this.getNodeParameter('how')](items); } }),
            op('split', { method: 'GET', after: async function (items, response) { return response.body.rows.filter((r) => r.on).map((r) => ({ json: { id: r.id, seen: items.length } })); } }),
            op('between', { method: 'GET', after: [{ type: 'rootProperty', properties: { property: 'rows' } }, function count(items) { return items.map((it, i) => ({ json: { ...it.json, i } })); }, { type: 'filter', properties: { pass: '={{ $responseItem.i > 0 }}' } }] }),
            op('response', { method: 'GET', after: async (items, response) => [{ json: { keys: Object.keys(response).sort(), status: response.statusCode, words: response.statusMessage, kind: response.headers['x-kind'], type: typeof response.body, body: response.body, items } }] }),
            op('lenient', { method: 'GET', request: { returnFullResponse: true, ignoreHttpStatusErrors: true }, after: async function (items, response) { if (response.statusCode >= 400) throw new n8n_workflow_1.NodeApiError(this.getNode(), { message: `said ${response.statusCode}: ${response.body.error}` }); return this.helpers.returnJsonArray(response.body); } }),
            op('file', {
                method: 'GET', request: { encoding: 'arraybuffer', json: false },
                after: async function (items, response) {
                    const bytes = Buffer.from(response.body);
                    const data = await this.helpers.prepareBinaryData(bytes, 'own.txt', 'text/markdown');
                    return [{ json: { is: Buffer.isBuffer(response.body), size: bytes.length, first: bytes.toString().slice(0, 3) }, binary: { data } }];
                },
            }),
            op('upload', {
                before: async function (options) {
                    const bytes = await this.helpers.getBinaryDataBuffer('data');
                    const about = this.helpers.assertBinaryData('data');
                    options.headers['Content-Type'] = about.mimeType;
                    options.headers['X-Name'] = about.fileName;
                    options.body = Buffer.concat([bytes, Buffer.from('!')]);
                    return options;
                },
            }),
            op('pages', {
                method: 'GET', after: [{ type: 'rootProperty', properties: { property: 'items' } }], before: async (options) => { options.qs.n = (options.qs.n || 0) + 1; return options; },
                operations: { pagination: { type: 'offset', properties: { limitParameter: 'limit', offsetParameter: 'offset', pageSize: 2, type: 'query' } } },
            }),
            op('paging', {
                method: 'GET', after: [async (items) => items.flatMap((it) => it.json.items.map((json) => ({ json })))],
                operations: {
                    async pagination(request) {
                        const all = [];
                        let page = 0;
                        request.options.qs = { ...request.options.qs, size: 2 };
                        do {
                            request.options.qs.page = page++;
                            const items = await this.makeRoutingRequest(request);
                            all.push(...items);
                            if (items.length < 2) break;
                        } while (page < 10);
                        return all.map((it) => ({ json: { ...it.json, of: this.getNodeParameter('text') } }));
                    },
                },
            }),
            op('pagingBefore', {
                method: 'GET', before: async (options) => { options.qs.n = (options.qs.n || 0) + 1; return options; },
                operations: { async pagination(request) { const first = await this.makeRoutingRequest(request); const second = await this.makeRoutingRequest({ ...request, options: { ...request.options, url: '/hook/second' } }); return [{ json: { n: request.options.qs.n ?? 'none', first, second } }]; } },
            }),
            op('pagingThrows', {
                method: 'GET',
                operations: { async pagination(request) { try { await this.makeRoutingRequest(request); } catch (e) { return [{ json: { message: e.message, code: e.httpCode } }]; } return []; } },
            }),
            op('pagingSees', {
                method: 'GET',
                operations: { async pagination(request) { return [{ json: { keys: Object.keys(request).sort(), options: JSON.stringify(request.options), most: typeof request.maxResults, paginate: request.paginate } }]; } },
            }),
        ],
    },
    { displayName: 'Text', name: 'text', type: 'string', default: 'some text', displayOptions: { show: { resource: ['hook'] } } },
    { displayName: 'How', name: 'how', type: 'string', default: 'plain', displayOptions: only('failBefore', 'failAfter', 'result', 'body', 'typedBody') },
    { displayName: 'Marked', name: 'marked', type: 'string', default: 'm', displayOptions: only('chain'), routing: { send: { type: 'query', property: 'marked', preSend: [mark('c')] }, output: { postReceive: [async (items) => items.map((it) => ({ json: { ...it.json, marked: true } }))] } } },
    {
        displayName: 'More', name: 'more', type: 'collection', default: {}, displayOptions: only('parameters', 'chain'),
        options: [{ displayName: 'Inside', name: 'inside', type: 'string', default: '', routing: { send: { preSend: [mark('d')] } } }],
    },
    {
        displayName: 'Pairs', name: 'pairs', type: 'fixedCollection', typeOptions: { multipleValues: true }, default: {}, displayOptions: only('parameters'),
        options: [{ name: 'pair', displayName: 'Pair', values: [{ displayName: 'Key', name: 'key', type: 'string', default: '' }] }],
    },
    { displayName: 'All', name: 'all', type: 'boolean', default: true, displayOptions: only('pages', 'paging', 'pagingSees', 'pagingBefore', 'pagingThrows'), routing: { send: { paginate: '={{$value}}' } } },
    { displayName: 'Most', name: 'most', type: 'number', default: 3, displayOptions: { show: { resource: ['hook'], operation: ['paging'], all: [false] } }, routing: { output: { maxResults: '={{$value}}' } } },
];
