package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestImportTellsWhatFunctionsAskFor: what functions of a package will not get when they run is told when it is imported.
func TestImportTellsWhatFunctionsAskFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"package.json": `{"name":"n8n-nodes-asks","version":"1.0.0","n8n":{"nodes":["dist/Asks.node.js","dist/Plain.node.js"]}}`,
		"dist/Asks.node.js": `const f = require('./functions'); const { NodeConnectionTypes } = require('n8n-workflow');
			class Asks { constructor() { this.description = { name: 'asks', displayName: 'Asks', version: 1, inputs: [NodeConnectionTypes.Main], outputs: ['main'],
			requestDefaults: { baseURL: 'https://a.example' }, properties: [{ displayName: 'Operation', name: 'operation', type: 'options', default: 'get', options: [
			{ name: 'Get', value: 'get', routing: { request: { method: 'GET', url: '/a' }, send: { preSend: [f.ask] } } }] }] }; } } exports.Asks = Asks;`,
		"dist/functions.js": `const crypto = require("node:crypto"); exports.ask = async function (options) {
			const c = await this.getCredentials('a'); const fs = require('fs'); this.prefetch(1);
			await this.helpers.httpRequestWithAuthentication.call(this, 'a', {}); await this.helpers.request({}); return fetch('https://b.example'); };`,
		"dist/Plain.node.js": `class Plain { constructor() { this.description = { name: 'plain', displayName: 'Plain', version: 1, inputs: ['main'], outputs: ['main'],
			requestDefaults: { baseURL: 'https://a.example' }, properties: [{ displayName: 'Operation', name: 'operation', type: 'options', default: 'get', options: [
			{ name: 'Get', value: 'get', routing: { request: { method: 'GET', url: '/a' }, send: { preSend: [async function (o) { o.headers = {}; return o; }] } } }] }] }; } } exports.Plain = Plain;`,
	} {
		file := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(file), 0o700)
		if err == nil {
			err = os.WriteFile(file, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got := cordboardRun(t, "", "nodes", "import", dir)
	want := "note: Asks: its functions run without fetch (dist/functions.js), getCredentials (dist/functions.js), helpers.httpRequestWithAuthentication (dist/functions.js), " +
		"helpers.request (dist/functions.js), the module fs (dist/functions.js): an operation with a function that comes to one of them fails then\n" +
		"2 nodes with 2 operations, 0 left out\n"
	if got.code != 0 || got.stderr != want {
		t.Errorf("%d %s", got.code, got.stderr)
	}
}
