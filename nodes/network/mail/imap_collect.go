package mail

import (
	"context"
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
)

// mark is how far a mailbox was read: the mails up to the number done started runs, and those up to begun may have. It is kept in the
// history, if there is one. Numbers are good for one validity of the mailbox (RFC 3501, 2.3.1.1).
type mark struct {
	history     nodes.History
	scope       string
	validity    uint32
	known       bool
	done, begun uint32
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
// after a crash between the two the same mails are started under the same key, which starts them once.
func (b *box) collect(ctx context.Context, call *nodes.Call, w wanted, m *mark, start nodes.Start) error {
	criteria := *w.search
	criteria.UID = append(slices.Clone(criteria.UID), imap.UIDSet{imap.UIDRange{Start: imap.UID(m.done + 1)}})
	data, err := b.client.UIDSearch(&criteria, nil).Wait()
	if err != nil {
		return answered("the search failed", err)
	}
	var found []uint32
	for _, uid := range data.AllUIDs() {
		if uint32(uid) > m.done { // "from n on" finds the last mail whatever n is
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
		if err := b.begin(ctx, call, w, m, found[:n], start); err != nil {
			return err
		}
		found = found[n:]
	}
	return nil
}

// begin starts a run with these mails, and marks them as read where that is wanted.
func (b *box) begin(ctx context.Context, call *nodes.Call, w wanted, m *mark, uids []uint32, start nodes.Start) error {
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
		it, ok, err := b.fetch(ctx, call, w.form, imap.UID(uid))
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
			return answered("the mails cannot be marked as read", err)
		}
	}
	return nil
}

// fetch makes the item of a mail; ok is false if it is gone.
func (b *box) fetch(ctx context.Context, call *nodes.Call, f form, uid imap.UID) (it nodes.Item, ok bool, err error) {
	set := imap.UIDSetNum(uid)
	sizes, err := b.client.Fetch(set, &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	if err != nil || len(sizes) == 0 {
		return it, false, answered("a mail cannot be fetched", err)
	}
	section := &imap.FetchItemBodySection{Peek: true}
	if sizes[0].RFC822Size > maxMail {
		section.Specifier = imap.PartSpecifierHeader
		call.Log.Warn("a mail is too large: it is handed on without its content", "uid", uint32(uid), "size", sizes[0].RFC822Size)
	}
	mails, err := b.client.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil || len(mails) == 0 {
		return it, false, answered("a mail cannot be fetched", err)
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
