//go:build race

package code_test

// underRace: the race detector makes JavaScript a hundred times slower, so only every fourth case runs then.
const underRace = true
