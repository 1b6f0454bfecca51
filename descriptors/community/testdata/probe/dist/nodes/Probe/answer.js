"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.properties = void 0;
const names = '[typeof $value, typeof $parameter, typeof $response, typeof $responseItem, typeof $credentials, typeof $version, typeof $request, typeof $json, typeof $index, typeof $parent, typeof $pageCount].join()';
const get = (name, output, request) => ({
    name, value: name, routing: { request: { method: 'GET', url: `/answer/${name}`, ...request }, ...(output ? { output: { postReceive: output } } : {}) },
});
exports.properties = [
    {
        displayName: 'Operation', name: 'operation', type: 'options', noDataExpression: true, default: 'plain',
        displayOptions: { show: { resource: ['answer'] } },
        options: [
            get('plain'),
            get('full', undefined, { returnFullResponse: true }),
            get('lenient', undefined, { ignoreHttpStatusErrors: true }),
            get('root', [{ type: 'rootProperty', properties: { property: 'data' } }]),
            get('deepRoot', [{ type: 'rootProperty', properties: { property: 'data.rows' } }]),
            get('limit', [{ type: 'rootProperty', properties: { property: 'data' } }, { type: 'limit', properties: { maxResults: '={{$parameter.most}}' } }]),
            get('set', [{ type: 'set', properties: { value: '={{ { "id": $responseItem.id, "status": $response.statusCode, "kind": $response.headers["x-kind"] } }}' } }]),
            get('keys', [{ type: 'rootProperty', properties: { property: 'data' } }, { type: 'setKeyValue', properties: { label: '={{$responseItem.name}} ({{$responseItem.id}})', value: '={{$responseItem.id}}' } }]),
            get('filter', [{ type: 'rootProperty', properties: { property: 'data' } }, { type: 'filter', properties: { pass: '={{$responseItem.id > $parameter.least}}' } }]),
            get('sort', [{ type: 'rootProperty', properties: { property: 'data' } }, { type: 'sort', properties: { key: 'name' } }]),
            get('file', [{ type: 'binaryData', properties: { destinationProperty: '={{$parameter.into}}' } }], { encoding: 'arraybuffer', json: false }),
            get('maybe', [{ type: 'rootProperty', enabled: '={{$parameter.simple}}', properties: { property: 'data' } }]),
            get('code', [async function tidy(items) { return items; }]),
            get('see', [
                { type: 'set', properties: { value: `={{ { "before": ${names}, "code": $response?.statusCode } }}` } },
                { type: 'filter', properties: { pass: '={{ $responseItem.code !== 500 }}' } },
                { type: 'setKeyValue', properties: { before: '={{$responseItem.before}}', after: `={{ ${names} }}`, code: '={{$response.statusCode}}', body: '={{$response.body}}' } },
            ], { qs: { seen: `={{ ${names} }}` }, headers: { 'X-Seen': `={{ ${names} }}` } }),
            get('body', [{ type: 'set', properties: { value: '={{ $response.body.inner }}' } }]),
            get('item', [{ type: 'set', properties: { value: '={{ $responseItem.inner }}' } }]),
            get('two', [{ type: 'rootProperty', properties: { property: 'data' } }, { type: 'rootProperty', properties: { property: 'in.er' } }]),
            get('asList', [{ type: 'filter', properties: { pass: '={{ true }}' } }]),
            get('refuse', [{ type: 'rootProperty', errorMessage: 'There is nothing in it', properties: { property: 'nothing' } }]),
        ],
    },
    { displayName: 'Tail', name: 'tail', type: 'string', default: 'x', displayOptions: { show: { resource: ['answer'], operation: ['see'] } }, routing: { send: { type: 'query', property: 'tail', value: `={{ $value + ${names} }}` } } },
    { displayName: 'Most', name: 'most', type: 'number', default: 2, displayOptions: { show: { resource: ['answer'], operation: ['limit'] } } },
    { displayName: 'Least', name: 'least', type: 'number', default: 1, displayOptions: { show: { resource: ['answer'], operation: ['filter'] } } },
    { displayName: 'Into', name: 'into', type: 'string', default: 'data', displayOptions: { show: { resource: ['answer'], operation: ['file'] } } },
    { displayName: 'Simple', name: 'simple', type: 'boolean', default: true, displayOptions: { show: { resource: ['answer'], operation: ['maybe'] } } },
];
