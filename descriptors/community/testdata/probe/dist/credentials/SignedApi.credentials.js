"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const crypto_1 = require("crypto");
class SignedApi {
    constructor() {
        this.name = 'signedApi';
        this.displayName = 'Signed API';
        this.properties = [
            { displayName: 'Address', name: 'url', type: 'string', default: 'https://probe.example' },
            { displayName: 'Key', name: 'apiKey', type: 'string', typeOptions: { password: true }, default: '' },
            { displayName: 'Way', name: 'way', type: 'string', default: 'header' },
        ];
    }
    async authenticate(credentials, options) {
        if (credentials.way === 'fail') throw new Error('no way');
        const text = `${options.method} ${options.url} ${JSON.stringify(options.body)} ${JSON.stringify(options.headers)} ${JSON.stringify(options.qs)} ${options.baseURL} ${Object.keys(options).sort()}`;
        if (credentials.way === 'show') return { ...options, body: { text } };
        options.qs = { ...options.qs, key: credentials.apiKey };
        options.headers['X-Sum'] = crypto_1.createHmac('sha256', credentials.apiKey).update(`${options.method} ${options.url}`).digest('hex');
        return options;
    }
}
exports.SignedApi = SignedApi;
