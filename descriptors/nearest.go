package descriptors

import "github.com/cordboard/cordboard/schemas"

// Nearest returns the candidate that is the most likely meant by name: fewest edits (insert, delete, replace, swap of
// neighbours), case aside; "" if none is near enough to be a help.
func Nearest(name string, candidates []string) string { return schemas.Nearest(name, candidates) }
