//go:build race

package network_test

// detecting says that the race detector is on, with which a JavaScript engine of its own takes half a second for each case.
const detecting = true
