"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.properties = void 0;
const only = (...operation) => ({ show: { resource: ['thing'], operation } });
exports.properties = [
    {
        displayName: 'Operation', name: 'operation', type: 'options', noDataExpression: true, default: 'get',
        displayOptions: { show: { resource: ['thing'] } },
        options: [
            { name: 'Get', value: 'get', routing: { request: { method: 'GET', url: '=/things/{{$parameter.id}}' } } },
            { name: 'Create', value: 'create', routing: { request: { method: 'POST', url: '/things', body: { kind: 'thing', made: { by: 'routing' } } } } },
            { name: 'Change', value: 'change', routing: { request: { method: 'PATCH', url: '=/things/{{encodeURIComponent($parameter["id"])}}', headers: { 'If-Match': '={{$parameter.version}}' } } } },
            { name: 'Drop', value: 'drop', routing: { request: { method: 'DELETE', url: '=/things/{{$parameter.id}}' }, output: { postReceive: [{ type: 'set', properties: { value: '={{ { "success": true } }}' } }] } } },
            { name: 'Sign', value: 'sign', routing: { request: { method: 'POST', url: '/sign' }, send: { preSend: [async function sign(options) { return options; }] } } },
            { name: 'Elsewhere', value: 'elsewhere', routing: { request: { method: 'GET', baseURL: '={{$credentials.url}}/other', url: '/place', qs: { n: '={{1 + 1}}', list: ['a', 'b'] }, arrayFormat: 'brackets' } } },
            { name: 'Get Body', value: 'getBody', routing: { request: { method: 'GET', url: '/get', body: { a: 1 } } } },
            { name: 'Arrays', value: 'arrays', routing: { request: { method: 'GET', url: '/get', qs: { list: ['a b', 'c&d'], deep: { x: { y: 1 }, z: [1, { q: 2 }] }, n: null, t: true, empty: '', date: '2026-01-01T00:00:00+02:00' } } } },
            { name: 'Form', value: 'form', routing: { request: { method: 'POST', url: '/form', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: { a: 'x y', b: [1, 2] } } } },
            { name: 'Text Body', value: 'textBody', routing: { request: { method: 'POST', url: '/text', headers: { 'Content-Type': 'text/plain' }, body: '=plain {{1 + 1}}' } } },
            { name: 'Slashes', value: 'slashes', routing: { request: { method: 'GET', baseURL: '={{$credentials.url}}/v1/', url: 'no/slash' } } },
            { name: 'Null Header', value: 'nullHeader', routing: { request: { method: 'GET', url: '/get', headers: { 'X-Null': '={{null}}', 'X-Number': '={{5}}', 'X-Empty': '', 'X-Fixed': 'other' } } } },
            { name: 'Merge Lists', value: 'mergeLists', routing: { request: { method: 'POST', url: '/merge', body: { list: [1, 2, 3], o: { a: { b: 1 } } } }, send: { type: 'body', property: 'list[1]', value: 'two' } } },
            { name: 'Derived', value: 'derived', routing: { request: { method: 'POST', url: '/derived' } } },
            { name: 'Absolute', value: 'absolute', routing: { request: { method: 'GET', url: '={{$credentials.url}}/absolute?x=1' } } },
        ],
    },
    { displayName: 'ID', name: 'id', type: 'string', required: true, default: '', displayOptions: only('get', 'change', 'drop') },
    { displayName: 'Version', name: 'version', type: 'string', default: 'v0', displayOptions: only('change') },
    { displayName: 'Name', name: 'name', type: 'string', default: '', displayOptions: only('create', 'change'), routing: { send: { type: 'body', property: 'name' } } },
    { displayName: 'Size', name: 'size', type: 'number', default: 7, displayOptions: only('create'), routing: { send: { type: 'body', property: 'shape.size' } } },
    { displayName: 'Dotted', name: 'dotted', type: 'boolean', default: false, displayOptions: only('create'), routing: { send: { type: 'body', property: 'flag.dotted', propertyInDotNotation: false } } },
    { displayName: 'Upper', name: 'upper', type: 'string', default: '', displayOptions: only('create'), routing: { send: { type: 'body', property: 'upper', value: '={{$value.toUpperCase()}}' } } },
    { displayName: 'Dry', name: 'dry', type: 'boolean', default: false, displayOptions: only('create'), routing: { send: { type: 'query', property: 'dry_run', value: '={{$value ? "yes" : undefined}}' } } },
    {
        displayName: 'Colour', name: 'colour', type: 'options', default: 'red', displayOptions: only('create'),
        options: [
            { name: 'Red', value: 'red' },
            { name: 'Blue', value: 'blue', routing: { request: { body: { colour: 'b', shade: 2 } } } },
            { name: 'Other', value: 'other', routing: { send: { type: 'body', property: 'colour', value: '={{$parameter.otherColour}}' } } },
        ],
    },
    { displayName: 'Other Colour', name: 'otherColour', type: 'string', default: 'grey', displayOptions: { show: { resource: ['thing'], operation: ['create'], colour: ['other'] } } },
    { displayName: 'Tags', name: 'tags', type: 'multiOptions', default: [], options: [{ name: 'A', value: 'a' }, { name: 'B', value: 'b' }], displayOptions: only('create'), routing: { send: { type: 'query', property: 'tags', value: '={{$value.join(",") || undefined}}' } } },
    { displayName: 'Extra', name: 'extra', type: 'json', default: '{}', displayOptions: only('create'), routing: { request: { body: { extra: '={{JSON.parse($value)}}' } } } },
    { displayName: 'Trace', name: 'trace', type: 'string', default: '', displayOptions: only('create', 'get'), routing: { request: { headers: { 'X-Trace': '={{$value || undefined}}' } } } },
    {
        displayName: 'Additional Fields', name: 'additionalFields', type: 'collection', default: {}, displayOptions: only('create'),
        options: [
            { displayName: 'Note', name: 'note', type: 'string', default: 'none', routing: { send: { type: 'body', property: 'note' } } },
            { displayName: 'Page', name: 'page', type: 'number', default: 1, routing: { send: { type: 'query', property: 'page' } } },
            { displayName: 'Deep', name: 'deep', type: 'string', default: '', routing: { send: { type: 'body', property: 'made.deep' } } },
            {
                displayName: 'Links', name: 'links', type: 'fixedCollection', typeOptions: { multipleValues: true }, default: {},
                options: [{
                    name: 'link', displayName: 'Link', values: [
                        { displayName: 'Title', name: 'title', type: 'string', default: 'untitled', routing: { send: { type: 'body', property: '=links[{{$index}}].title' } } },
                        { displayName: 'Address', name: 'address', type: 'string', default: '', routing: { send: { type: 'body', property: '=links[{{$index}}].href' } } },
                    ],
                }],
            },
        ],
    },
    {
        displayName: 'Fields', name: 'fields', type: 'fixedCollection', typeOptions: { multipleValues: true }, default: {}, displayOptions: only('create', 'change'),
        options: [{
            name: 'field', displayName: 'Field', values: [
                { displayName: 'Key', name: 'key', type: 'string', default: '' },
                { displayName: 'Value', name: 'value', type: 'string', default: '', routing: { send: { type: 'body', property: '=custom.{{$parent.key}}', value: '={{$value}}' } } },
            ],
        }],
    },
    {
        displayName: 'One', name: 'one', type: 'fixedCollection', default: {}, displayOptions: only('create'),
        options: [{
            name: 'pair', displayName: 'Pair', values: [
                { displayName: 'Left', name: 'left', type: 'string', default: 'l', routing: { send: { type: 'query', property: 'left' } } },
                { displayName: 'Right', name: 'right', type: 'string', default: 'r', routing: { send: { type: 'query', property: 'right' } } },
            ],
        }],
    },
    { displayName: 'Newer', name: 'newer', type: 'string', default: 'two', displayOptions: { show: { '@version': [2], resource: ['thing'], operation: ['create'] } }, routing: { send: { type: 'body', property: 'newer' } } },
    { displayName: 'Sum', name: 'sum', type: 'string', default: '={{ $json.a + 1 }}', displayOptions: only('derived'), routing: { send: { type: 'body', property: 'sum' } } },
    { displayName: 'Plain', name: 'plain', type: 'string', default: '=plain {{ 1 + 1 }}', displayOptions: only('derived'), routing: { send: { type: 'body', property: 'plain' } } },
    { displayName: 'After', name: 'after', type: 'string', default: '={{ $parameter.sum }}', displayOptions: only('derived'), routing: { send: { type: 'body', property: 'after' } } },
    { displayName: 'Count', name: 'count', type: 'number', default: '={{ 2 + 3 }}', displayOptions: only('derived'), routing: { send: { type: 'body', property: 'count', value: '={{ typeof $value + $value + typeof $parameter.count }}' } } },
    { displayName: 'Own', name: 'own', type: 'string', default: '={{ $credentials.tenant }}', displayOptions: { show: { resource: ['thing'], operation: ['derived'], plain: ['own'] } }, routing: { send: { type: 'body', property: 'own' } } },
    { displayName: 'Mode', name: 'mode', type: 'options', default: '={{ "b" }}', options: [{ name: 'A', value: 'a' }, { name: 'B', value: 'b' }], displayOptions: only('derived'), routing: { send: { type: 'body', property: 'mode' } } },
    { displayName: 'Of B', name: 'ofB', type: 'string', default: 'shown', displayOptions: { show: { resource: ['thing'], operation: ['derived'], mode: ['b'] } }, routing: { send: { type: 'body', property: 'ofB' } } },
    { displayName: 'Unset', name: 'unset', type: 'string', default: '={{ $json.nothing }}', displayOptions: only('derived'), routing: { send: { type: 'body', property: 'unset' } } },
    {
        displayName: 'More', name: 'more', type: 'collection', default: { inner: '={{ 1 + 1 }}' }, displayOptions: only('derived'),
        options: [
            { displayName: 'Inner', name: 'inner', type: 'string', default: '={{ $json.a }}', routing: { send: { type: 'body', property: 'inner' } } },
            { displayName: 'Second', name: 'second', type: 'string', default: '={{ $json.a }}', routing: { send: { type: 'body', property: 'second' } } },
        ],
    },
    {
        displayName: 'Group', name: 'group', type: 'fixedCollection', default: {}, displayOptions: only('derived'),
        options: [{
            name: 'pair', displayName: 'Pair', values: [
                { displayName: 'Left', name: 'left', type: 'string', default: '={{ $json.a + 1 }}', routing: { send: { type: 'body', property: 'left' } } },
                { displayName: 'Right', name: 'right', type: 'string', default: 'r', routing: { send: { type: 'body', property: 'right' } } },
            ],
        }],
    },
];
