"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.properties = void 0;
const offset = {
    pagination: { type: 'offset', properties: { limitParameter: 'limit', offsetParameter: 'offset', pageSize: 2, rootProperty: 'data.rows', type: 'query' } },
};
const cursor = {
    pagination: {
        type: 'generic',
        properties: {
            continue: '={{ !!$response.body.next }}',
            request: { qs: { cursor: '={{ $response.body?.next ?? "" }}' } },
        },
    },
};
exports.properties = [
    {
        displayName: 'Operation', name: 'operation', type: 'options', noDataExpression: true, default: 'offset',
        displayOptions: { show: { resource: ['list'] } },
        options: [
            { name: 'Offset', value: 'offset', routing: { request: { method: 'GET', url: '/rows' }, operations: offset } },
            { name: 'Body Offset', value: 'bodyOffset', routing: { request: { method: 'POST', url: '/rows' }, operations: { pagination: { type: 'offset', properties: { limitParameter: 'limit', offsetParameter: 'offset', pageSize: 2, type: 'body' } } } } },
            { name: 'Cursor', value: 'cursor', routing: { request: { method: 'GET', url: '/cursor' }, operations: cursor, output: { postReceive: [{ type: 'rootProperty', properties: { property: 'items' } }] } } },
        ],
    },
    { displayName: 'Return All', name: 'returnAll', type: 'boolean', default: false, displayOptions: { show: { resource: ['list'] } }, routing: { send: { paginate: '={{$value}}' } } },
    { displayName: 'Limit', name: 'limit', type: 'number', default: 3, displayOptions: { show: { resource: ['list'], returnAll: [false] } }, routing: { send: { type: 'query', property: 'limit' }, output: { maxResults: '={{$value}}' } } },
];
