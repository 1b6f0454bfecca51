package schemas

import "strings"

// Nearest returns the candidate that name most likely means: the one with the fewest edits (insert, delete, replace,
// swap of neighbours), case aside, and of equals the first; "" if none is near enough to be of help.
func Nearest(name string, candidates []string) string {
	folded := []rune(strings.ToLower(name))
	best, bestCost := "", max(2, len(folded)/3+1)
	for _, c := range candidates {
		other := []rune(strings.ToLower(c))
		// The difference in length is a lower bound, and rules out most candidates at no cost.
		if len(other)-len(folded) >= bestCost || len(folded)-len(other) >= bestCost {
			continue
		}
		if cost := editDistance(folded, other); cost < bestCost {
			best, bestCost = c, cost
		}
	}
	return best
}

// editDistance is the optimal string alignment distance (Damerau and Levenshtein, without editing a text twice).
func editDistance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
