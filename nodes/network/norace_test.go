//go:build !race

package network_test

// detecting says that the race detector is on.
const detecting = false
