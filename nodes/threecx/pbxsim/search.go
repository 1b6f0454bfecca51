package pbxsim

import (
	"fmt"
	"strings"
)

// searchExpr is a $search: alternatives of terms that must all be found (or, negated, not).
type searchExpr struct{ alternatives [][]searchTerm }

type searchTerm struct {
	text   string
	negate bool
}

// parseSearch reads words and "quoted phrases", joined by OR, AND or nothing (which is AND), with NOT before a term.
func parseSearch(value string) (*searchExpr, error) {
	s := &searchExpr{}
	var terms []searchTerm
	negate := false
	for rest := strings.TrimSpace(value); rest != ""; rest = strings.TrimLeft(rest, " ") {
		var word string
		quoted := rest[0] == '"'
		if quoted {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				return nil, fmt.Errorf("a phrase has no closing quote")
			}
			word, rest = rest[1:end+1], rest[end+2:]
		} else {
			word, rest, _ = strings.Cut(rest, " ")
		}
		switch {
		case !quoted && word == "AND":
		case !quoted && word == "NOT":
			negate = true
		case !quoted && word == "OR":
			if len(terms) == 0 {
				return nil, fmt.Errorf("OR has nothing before it")
			}
			s.alternatives, terms = append(s.alternatives, terms), nil
		default:
			terms = append(terms, searchTerm{strings.ToLower(word), negate})
			negate = false
		}
	}
	if len(terms) == 0 || negate {
		return nil, fmt.Errorf("a term is missing")
	}
	s.alternatives = append(s.alternatives, terms)
	return s, nil
}

// matches looks for the terms in the texts of the entity itself, without those of its members and without secrets.
func (s *searchExpr) matches(entity any) bool {
	var texts []string
	switch e := entity.(type) {
	case string:
		texts = []string{strings.ToLower(e)}
	case map[string]any:
		for name, value := range e {
			if text, ok := value.(string); ok && !isSecret(name) {
				texts = append(texts, strings.ToLower(text))
			}
		}
	}
	for _, terms := range s.alternatives {
		if foundAll(terms, texts) {
			return true
		}
	}
	return false
}

func foundAll(terms []searchTerm, texts []string) bool {
	for _, term := range terms {
		found := false
		for _, text := range texts {
			found = found || strings.Contains(text, term.text)
		}
		if found == term.negate {
			return false
		}
	}
	return true
}

// isSecret names the properties that hold passwords and PINs.
func isSecret(name string) bool {
	return strings.Contains(name, "Password") || name == "VMPIN" || strings.HasSuffix(name, "Secret") || strings.HasSuffix(name, "Token")
}
