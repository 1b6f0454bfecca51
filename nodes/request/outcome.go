package request

import (
	"context"
	"fmt"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// outcome is what became of an item's requests.
type outcome uint8

const (
	notSent  outcome = iota
	done             // all were sent and answered
	failed           // the server refused one
	unknown          // one was sent, and what the server did is not known
	outcomes         // how many there are
)

func (o outcome) String() string {
	return [...]string{"not sent", "done", "failed", "sent with unknown outcome"}[o]
}

// explain adds to the error that ended a step what became of its items: with several requests under way, later ones may
// have reached the server already.
func (s *step) explain(ctx context.Context, err error, jobs []job) error {
	if err == nil {
		return nil
	}
	e := *nodes.AsError(err)
	if s.op.Writes && (len(jobs) > 1 || ctx.Err() != nil) {
		e.Description = joinLines(e.Description, sentText(jobs))
	}
	return &e
}

// sentText lists the items by outcome: "done: items 0 to 2, 5; failed: item 3; not sent: items 4, 6".
func sentText(jobs []job) string {
	var groups [outcomes][]int
	for i := range jobs {
		groups[jobs[i].outcome] = append(groups[jobs[i].outcome], jobs[i].item)
	}
	var parts []string
	for _, o := range []outcome{done, failed, unknown, notSent} {
		if len(groups[o]) > 0 {
			parts = append(parts, o.String()+": "+itemRanges(groups[o]))
		}
	}
	return strings.Join(parts, "; ")
}

// itemRanges writes ascending indices: "item 3", "items 0 to 2, 5".
func itemRanges(items []int) string {
	word := "items "
	if len(items) == 1 {
		word = "item "
	}
	var parts []string
	for i := 0; i < len(items); {
		end := i
		for end+1 < len(items) && items[end+1] == items[end]+1 {
			end++
		}
		switch {
		case end-i >= 2:
			parts = append(parts, fmt.Sprintf("%d to %d", items[i], items[end]))
		default:
			for _, n := range items[i : end+1] {
				parts = append(parts, fmt.Sprint(n))
			}
		}
		i = end + 1
	}
	return word + strings.Join(parts, ", ")
}

func joinLines(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}
