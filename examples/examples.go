// Package examples holds the workflow files that the demo runs, so that cordboard demo works wherever it is installed.
package examples

import "embed"

// Files are the examples.
//
//go:embed *.json
var Files embed.FS
