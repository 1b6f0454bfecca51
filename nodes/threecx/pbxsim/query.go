package pbxsim

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// queryOptions are the OData query options of a request or of one expanded property.
type queryOptions struct {
	top, skip *int
	count     bool
	search    *searchExpr
	filter    expr
	orderby   []orderKey
	selected  [][]string // nil: everything
	expand    map[string]*queryOptions
	expandAll bool
}

type orderKey struct {
	by   expr
	desc bool
}

// optionNames are all that the API knows.
const optionNames = "$top $skip $search $filter $count $orderby $select $expand"

// parseQuery reads a raw query. declared tells whether the operation has the option.
func parseQuery(raw string, declared func(name string) bool) (*queryOptions, *apiError) {
	q := &queryOptions{}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, fail(http.StatusBadRequest, codeBadQuery, "the query %q is not percent-encoded rightly: %v", part, err)
		}
		switch {
		case !isOption(name):
			return nil, badOption(name, " is no query option; there are %s", optionNames)
		case !declared(name):
			return nil, badOption(name, " does not apply to this operation")
		case seen[name]:
			return nil, badOption(name, " stands there twice")
		}
		seen[name] = true
		if err := q.set(name, value, 0); err != nil {
			return nil, badOption(name, "=%s: %v", value, err)
		}
	}
	return q, nil
}

func isOption(name string) bool {
	for known := range strings.SplitSeq(optionNames, " ") {
		if name == known {
			return true
		}
	}
	return false
}

func badOption(name, format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, codeBadQuery, "query option %s"+format, append([]any{name}, args...)...).at(name)
}

func (q *queryOptions) set(name, value string, depth int) (err error) {
	if value == "" {
		return fmt.Errorf("has no value")
	}
	switch name {
	case "$top":
		q.top, err = parseCount(value)
	case "$skip":
		q.skip, err = parseCount(value)
	case "$count":
		if value != "true" && value != "false" {
			return fmt.Errorf("is neither true nor false")
		}
		q.count = value == "true"
	case "$search":
		q.search, err = parseSearch(value)
	case "$filter":
		q.filter, err = parseFilter(value)
	case "$orderby":
		q.orderby, err = parseOrderBy(value)
	case "$select":
		q.selected, err = parseSelect(value)
	case "$expand":
		err = q.parseExpand(value, depth)
	}
	return err
}

func parseCount(value string) (*int, error) {
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("is no whole number from 0 to 2147483647")
	}
	count := int(n)
	return &count, nil
}

func parseOrderBy(value string) ([]orderKey, error) {
	parts, err := splitTop(value, ',')
	if err != nil {
		return nil, err
	}
	keys := make([]orderKey, 0, len(parts))
	for _, part := range parts {
		part = strings.TrimSpace(part)
		key := orderKey{}
		if text, ok := strings.CutSuffix(part, " desc"); ok {
			part, key.desc = text, true
		} else {
			part = strings.TrimSuffix(part, " asc")
		}
		if key.by, err = parseFilter(part); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parseSelect(value string) ([][]string, error) {
	var paths [][]string
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimSpace(part)
		if part == "*" {
			return nil, nil
		}
		names := strings.Split(part, "/")
		for _, name := range names {
			if nameForm.FindString(name) != name || name == "" {
				return nil, fmt.Errorf("%q is no property's name", part)
			}
		}
		paths = append(paths, names)
	}
	return paths, nil
}

// parseExpand reads Groups,Phones or Groups($select=Name;$expand=Rights).
func (q *queryOptions) parseExpand(value string, depth int) error {
	if depth > 5 {
		return fmt.Errorf("is nested more than 5 deep")
	}
	parts, err := splitTop(value, ',')
	if err != nil {
		return err
	}
	q.expand = map[string]*queryOptions{}
	for _, part := range parts {
		name, options, nested := strings.Cut(strings.TrimSpace(part), "(")
		if name == "*" && !nested {
			q.expandAll = true
			continue
		}
		if name == "" || nameForm.FindString(name) != name {
			return fmt.Errorf("%q is no property's name", name)
		}
		if q.expand[name] != nil {
			return fmt.Errorf("%s stands there twice", name)
		}
		inner := &queryOptions{}
		if nested {
			if err := inner.parseNested(options, depth); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		q.expand[name] = inner
	}
	return nil
}

func (q *queryOptions) parseNested(options string, depth int) error {
	options, ok := strings.CutSuffix(options, ")")
	if !ok {
		return fmt.Errorf("has no closing parenthesis at the end")
	}
	parts, err := splitTop(options, ';')
	if err != nil {
		return err
	}
	for _, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); !isOption(name) {
			return fmt.Errorf("%q is no query option", name)
		}
		if err := q.set(name, value, depth+1); err != nil {
			return fmt.Errorf("%s=%s: %w", name, value, err)
		}
	}
	return nil
}

// splitTop splits at separators that stand neither in quotes nor in parentheses.
func splitTop(s string, sep byte) ([]string, error) {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return nil, fmt.Errorf("unexpected ) at offset %d", i)
			}
		case c == sep && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	if quoted || depth > 0 {
		return nil, fmt.Errorf("has an open quote or parenthesis")
	}
	return append(parts, s[start:]), nil
}
