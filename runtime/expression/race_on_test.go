//go:build race

package expression

// underRace: the race detector makes JavaScript a hundred times slower, so only every tenth case of the corpus runs then.
const underRace = true
