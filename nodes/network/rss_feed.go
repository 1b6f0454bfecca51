package network

import (
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// feedField is a member of an item and the element that it is made of.
type feedField struct{ from, to string }

// feedFields are those of RSS and RDF, in n8n's order. Where several fill one member the last that is there counts.
var feedFields = []feedField{
	{"author", "creator"}, {"dc:creator", "creator"}, {"dc:date", "date"}, {"dc:language", "language"}, {"dc:rights", "rights"}, {"dc:source", "source"},
	{"dc:title", "title"}, {"title", "title"}, {"link", "link"}, {"pubDate", "pubDate"}, {"author", "author"}, {"summary", "summary"},
	{"content:encoded", "content:encoded"}, {"enclosure", "enclosure"}, {"dc:creator", "dc:creator"}, {"dc:date", "dc:date"}, {"comments", "comments"},
}

// podcastFields stand under "itunes".
var podcastFields = []feedField{
	{"itunes:author", "author"}, {"itunes:subtitle", "subtitle"}, {"itunes:summary", "summary"}, {"itunes:explicit", "explicit"}, {"itunes:duration", "duration"},
	{"itunes:image", "image"}, {"itunes:episode", "episode"}, {"itunes:season", "season"}, {"itunes:keywords", "keywords"}, {"itunes:episodeType", "episodeType"},
}

// readFeed makes an object of each entry of a feed: RSS 0.9 to 2, RDF or Atom. custom are the names of further elements.
func readFeed(text string, custom []string) ([]fields, error) {
	root, err := parseFeedXML(text)
	if err != nil {
		return nil, err
	}
	var entries []*feedElement
	read := rssEntry
	version, _ := root.attr("version")
	_, isPodcast := root.attr("xmlns:itunes")
	switch channel := root.first("channel"); {
	case root.name == "feed":
		entries, read, isPodcast = root.all("entry"), atomEntry, false
	case root.name == "rdf:RDF":
		entries, isPodcast = root.all("item"), false
	case root.name != "rss" || !strings.HasPrefix(version, "2") && !strings.Contains(version, "0.9"):
		return nil, nodes.Errorf("Feed not recognized as RSS 1 or 2.")
	case channel == nil:
		return nil, nodes.Errorf("the feed has no channel")
	default:
		entries, isPodcast = channel.all("item"), isPodcast && strings.HasPrefix(version, "2")
	}
	list := make([]fields, 0, len(entries))
	for _, e := range entries {
		f := read(e, custom)
		if isPodcast {
			f.set("itunes", podcast(e))
		}
		list = append(list, f)
	}
	return list, nil
}

// copyFrom fills members from elements.
func (f *fields) copyFrom(e *feedElement, list []feedField) {
	for _, field := range list {
		found := e.first(field.from)
		if found == nil {
			continue
		}
		v := found.plain()
		if field.from == "enclosure" { // what matters of it are its attributes
			if len(found.attrs) == 0 {
				continue
			}
			v = nodes.WireValue(found.attributes())
		}
		f.set(field.to, v)
		if field.from == "content:encoded" && v.Str() != "" {
			f.set("content:encodedSnippet", nodes.StringValue(snippet(v.Str())))
		}
	}
}

func customFields(names []string) []feedField {
	list := make([]feedField, len(names))
	for i, name := range names {
		list[i] = feedField{name, name}
	}
	return list
}

// rssEntry reads an item of RSS or RDF.
func rssEntry(e *feedElement, custom []string) fields {
	var f fields
	f.copyFrom(e, feedFields)
	f.copyFrom(e, customFields(custom))
	if found := e.first("description"); found != nil {
		f.setContent(found)
	}
	if found := e.first("guid"); found != nil {
		f.set("guid", found.plain())
	}
	if about, ok := e.attr("rdf:about"); ok {
		f.set("rdf:about", nodes.StringValue(about))
	}
	if list := e.all("category"); len(list) > 0 {
		f.set("categories", nodes.WireValue(string(appendList(nil, list))))
	}
	f.setDate()
	return f
}

// atomEntry reads an entry of Atom.
func atomEntry(e *feedElement, custom []string) fields {
	var f fields
	f.copyFrom(e, customFields(custom))
	if found := e.first("title"); found != nil && found.plain().Truthy() {
		f.set("title", found.plain())
	}
	if link, ok := atomLink(e.all("link")); ok {
		f.set("link", nodes.StringValue(link))
	}
	for _, name := range []string{"published", "updated"} {
		if found := e.first(name); found != nil && found.value().Str() != "" && f.get("pubDate").IsNil() {
			text := found.text
			if iso, ok := isoTime(text); ok {
				text = iso
			}
			f.set("pubDate", nodes.StringValue(text))
		}
	}
	if name := e.first("author").first("name"); name != nil {
		f.set("author", name.value())
	}
	if found := e.first("content"); found != nil {
		f.setContent(found)
	}
	if found := e.first("summary"); found != nil {
		f.set("summary", nodes.StringValue(found.content()))
	}
	if found := e.first("id"); found != nil {
		f.set("id", found.value())
	}
	f.setDate()
	return f
}

// atomLink is the address of the entry itself, else the first there is.
func atomLink(links []*feedElement) (address string, ok bool) {
	for _, l := range links {
		if rel, _ := l.attr("rel"); rel == "alternate" {
			return l.attr("href")
		}
	}
	if len(links) == 0 {
		return "", false
	}
	return links[0].attr("href")
}

// podcast is what a podcast's entry has for its players.
func podcast(e *feedElement) nodes.Value {
	var f fields
	f.copyFrom(e, podcastFields)
	if image := e.first("itunes:image"); image != nil {
		if href, _ := image.attr("href"); href != "" {
			f.set("image", nodes.StringValue(href))
		}
	}
	return nodes.WireValue(f.json())
}

func (f *fields) setContent(e *feedElement) {
	text := e.content()
	f.set("content", nodes.StringValue(text))
	f.set("contentSnippet", nodes.StringValue(snippet(text)))
}

func (f fields) get(name string) nodes.Value {
	for _, m := range f {
		if m.name == name {
			return m.value
		}
	}
	return nodes.Value{}
}

// setDate sets the time of the entry in one form, where it can be read.
func (f *fields) setDate() {
	date := f.get("pubDate")
	if !date.Truthy() {
		date = f.get("date")
	}
	if iso, ok := isoTime(date.Str()); ok {
		f.set("isoDate", nodes.StringValue(iso))
	}
}
