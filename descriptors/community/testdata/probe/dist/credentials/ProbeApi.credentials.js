"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
class ProbeApi {
    constructor() {
        this.name = 'probeApi';
        this.displayName = 'Probe API';
        this.properties = [
            { displayName: 'Address', name: 'url', type: 'string', default: 'https://probe.example' },
            { displayName: 'Key', name: 'apiKey', type: 'string', typeOptions: { password: true }, default: '' },
            { displayName: 'Tenant', name: 'tenant', type: 'string', default: 'main' },
        ];
        this.authenticate = {
            type: 'generic',
            properties: { headers: { 'X-Api-Key': '={{$credentials.apiKey}}' }, qs: { tenant: '={{$credentials.tenant}}' } },
        };
    }
}
exports.ProbeApi = ProbeApi;
