package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cordboard/cordboard/descriptors"
)

// asks finds in JavaScript what functions of packages ask for and do not get: requests of their own, credentials, modules of others.
var asks = regexp.MustCompile(`\bhelpers\s*\??\.\s*((?:httpRequest|request)\w*)|\b(getCredentials)\b|(?:^|[^.\w$])(fetch)\(|\brequire\(\s*['"]([^.'"][^'"]*)['"]\s*\)`)

// givenModules are the modules that functions of packages have beside those of the package.
var givenModules = []string{"n8n-workflow", "crypto", "buffer", "url"}

// asked is a note on what the functions of a node ask for in vain, with the files in which they do; "" where there is nothing.
func asked(node *descriptors.Node) string {
	if node.Routing == nil || node.Routing.Code == nil {
		return ""
	}
	var texts map[string]string
	if json.Unmarshal(node.Routing.Code.Modules, &texts) != nil {
		return "" // it was made just now
	}
	found := map[string][]string{}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		if strings.HasSuffix(file, ".json") {
			continue
		}
		for _, m := range asks.FindAllStringSubmatch(texts[file], -1) {
			what := m[2] + m[3]
			switch {
			case m[1] != "":
				what = "helpers." + m[1]
			case m[4] != "" && slices.Contains(givenModules, strings.TrimPrefix(m[4], "node:")):
				continue
			case m[4] != "":
				what = "the module " + m[4]
			}
			if !slices.Contains(found[what], file) {
				found[what] = append(found[what], file)
			}
		}
	}
	if len(found) == 0 {
		return ""
	}
	var list []string
	for _, what := range slices.Sorted(maps.Keys(found)) {
		list = append(list, fmt.Sprintf("%s (%s)", what, strings.Join(found[what], ", ")))
	}
	return fmt.Sprintf("%s: its functions run without %s: an operation with a function that comes to one of them fails then", node.DisplayName, strings.Join(list, ", "))
}
