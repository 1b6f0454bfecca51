package mail

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"

	"github.com/cordboard/cordboard/nodes"
)

const (
	maxMails = 20       // in a run
	maxMail  = 64 << 20 // bytes; of a larger one there are the headers alone
	maxBatch = 64 << 20 // bytes of the mails in a run, if it has more than one
)

// mark is how far a mailbox was read: the mails up to the number done started runs, and those up to begun may have. It is kept in the
// history, if there is one. Numbers are good for one validity of the mailbox (RFC 3501, 2.3.1.1).
type mark struct {
	history     nodes.History
	scope       string
	validity    uint32
	known       bool
	done, begun uint32
	again       bool // with no history and mails marked as read: what is unread again is new again
}

func (m *mark) read(ctx context.Context, validity uint32) error {
	if m.validity != validity {
		m.validity, m.known, m.done, m.begun = validity, false, 0, 0
	}
	if m.history == nil {
		return nil
	}
	text, err := m.history.Latest(ctx, m.scope)
	if err != nil {
		return err
	}
	var kept, done, begun uint32
	if n, _ := fmt.Sscan(text, &kept, &done, &begun); n == 3 && kept == validity { // anything else is none
		m.known, m.done, m.begun = true, done, begun
	}
	return nil
}

func (m *mark) write(ctx context.Context, done, begun uint32) error {
	if m.history != nil {
		if err := m.history.SetLatest(ctx, m.scope, fmt.Sprint(m.validity, done, begun)); err != nil {
			return err
		}
	}
	m.done, m.begun = done, begun
	return nil
}

// collect starts runs with the mails that are wanted and new. Before a run its mails are noted as begun, and once it is durable as done:
// after a crash between the two the same mails are started under the same key, which starts them once. With mark.again
// nothing is noted: then the same mails are started again.
func (b *box) collect(ctx context.Context, call *nodes.Call, w wanted, m *mark, start nodes.Start) error {
	criteria, first := *w.search, m.done+1
	if m.again {
		first = 1
	}
	criteria.UID = append(slices.Clone(criteria.UID), imap.UIDSet{imap.UIDRange{Start: imap.UID(first)}})
	data, err := b.client.UIDSearch(&criteria, nil).Wait()
	if err != nil {
		return b.answered("the search failed", err)
	}
	var found []uint32
	for _, uid := range data.AllUIDs() {
		if uint32(uid) >= first { // "from n on" finds the last mail whatever n is
			found = append(found, uint32(uid))
		}
	}
	slices.Sort(found)
	for len(found) > 0 {
		n := min(len(found), maxMails)
		if m.begun > m.done { // as it was begun
			for n = 0; n < len(found) && found[n] <= m.begun; {
				n++
			}
			if n == 0 {
				if err := m.write(ctx, m.begun, 0); err != nil {
					return err
				}
				continue
			}
		}
		sizes, err := b.sizes(found[:n])
		if err != nil {
			return err
		}
		if m.begun <= m.done {
			n = batch(found[:n], sizes)
		}
		if err := b.begin(ctx, call, w, m, found[:n], sizes, start); err != nil {
			return err
		}
		found = found[n:]
	}
	return nil
}

// sizes are the sizes of these mails, without those that are gone.
func (b *box) sizes(uids []uint32) (map[uint32]int64, error) {
	var set imap.UIDSet
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	list, err := b.client.Fetch(set, &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	sizes := map[uint32]int64{}
	for _, m := range list {
		sizes[uint32(m.UID)] = m.RFC822Size
	}
	return sizes, b.answered("the mails cannot be fetched", err)
}

// batch is how many of these mails go into one run.
func batch(uids []uint32, sizes map[uint32]int64) int {
	var sum int64
	for i, uid := range uids {
		size := sizes[uid]
		if size > maxMail {
			size = maxHeaders
		}
		if sum += size; sum > maxBatch && i > 0 {
			return i
		}
	}
	return len(uids)
}

// begin starts a run with these mails, and marks them as read where that is wanted.
func (b *box) begin(ctx context.Context, call *nodes.Call, w wanted, m *mark, uids []uint32, sizes map[uint32]int64, start nodes.Start) error {
	var (
		items nodes.ItemsBuilder
		set   imap.UIDSet
	)
	last := max(uids[len(uids)-1], m.begun)
	if m.begun != last {
		if err := m.write(ctx, m.done, last); err != nil {
			return err
		}
	}
	for _, uid := range uids {
		size, ok := sizes[uid]
		if !ok {
			continue
		}
		it, ok, err := b.fetch(ctx, call, w.form, uid, size)
		if err != nil {
			return err
		}
		if ok {
			items.Add(it)
			set.AddNum(imap.UID(uid))
		}
	}
	if items.Len() > 0 {
		key := fmt.Sprintf("mails %d %d-%d", m.validity, m.done, last)
		if m.again {
			key += " " + rand.Text() // for the same mails may come again
		}
		if _, err := start(nodes.Once(ctx, key), items.Items()); err != nil {
			return err
		}
	}
	if err := m.write(ctx, last, 0); err != nil {
		return err
	}
	if w.markRead && len(set) > 0 {
		flags := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}, Silent: true}
		if err := b.client.Store(set, flags, nil).Close(); err != nil {
			return b.answered("the mails cannot be marked as read", err)
		}
	}
	return nil
}

// fetch makes the item of a mail; ok is false if it is gone.
func (b *box) fetch(ctx context.Context, call *nodes.Call, f form, uid uint32, size int64) (it nodes.Item, ok bool, err error) {
	set := imap.UIDSetNum(imap.UID(uid))
	section := &imap.FetchItemBodySection{Peek: true}
	if size > maxMail {
		section.Specifier = imap.PartSpecifierHeader
		call.Log.Warn("a mail is too large: it is handed on without its content", "uid", uid, "size", size)
	}
	mails, err := b.client.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil || len(mails) == 0 {
		return it, false, b.answered("a mail cannot be fetched", err)
	}
	it, err = f.item(ctx, call, string(mails[0].FindBodySection(section)), strconv.FormatUint(uint64(uid), 10))
	return it, err == nil, err
}

// parseSearch reads criteria in the JSON that n8n takes: ["UNSEEN", ["FROM", "x"], ["OR", a, b], "!SEEN"].
func parseSearch(text string) (*imap.SearchCriteria, error) {
	normal, err := nodes.Normalize(strings.TrimSpace(text))
	if err != nil {
		return nil, searchError("it is no JSON")
	}
	list := nodes.WireValue(normal)
	if list.Kind() != nodes.Array {
		return nil, searchError("it is no list")
	}
	all := &imap.SearchCriteria{}
	for _, el := range list.Result().Array() {
		one, err := searchOne(el, 0)
		if err != nil {
			return nil, err
		}
		all.And(one)
	}
	return all, nil
}

func searchError(format string, args ...any) error {
	e := *nodes.Errorf(format, args...)
	e.Message = "the rules for mails cannot be read: " + e.Message
	e.Hint = `They look like ["UNSEEN", ["SINCE", "May 20, 2025"]].`
	return e.WithParam("options.customEmailConfig", "")
}
