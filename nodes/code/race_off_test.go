//go:build !race

package code_test

const underRace = false
