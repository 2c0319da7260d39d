package pages_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A node is an element, or a text (whose name is empty).
type node struct {
	name     string
	text     string
	attr     map[string]string
	children []*node
}

// parseHTML reads our own pages, which close what they open; browsers take more.
func parseHTML(t *testing.T, text string) *node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &node{name: "document"}
	open := []*node{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v\n%s", err, text)
		}
		top := open[len(open)-1]
		switch x := token.(type) {
		case xml.StartElement:
			n := &node{name: x.Name.Local, attr: map[string]string{}}
			for _, a := range x.Attr {
				if _, twice := n.attr[a.Name.Local]; twice {
					t.Errorf("<%s> has %s twice:\n%s", n.name, a.Name.Local, text)
				}
				n.attr[a.Name.Local] = a.Value
			}
			top.children = append(top.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.children = append(top.children, &node{text: string(x)})
		}
	}
	return root
}

// each calls do for a node and all within it, in the page's order.
func (n *node) each(do func(*node)) {
	if n == nil {
		return
	}
	do(n)
	for _, c := range n.children {
		c.each(do)
	}
}

// all are the nodes within that match.
func (n *node) all(match func(*node) bool) (out []*node) {
	n.each(func(m *node) {
		if match(m) {
			out = append(out, m)
		}
	})
	return out
}

func (n *node) first(match func(*node) bool) *node {
	if list := n.all(match); len(list) > 0 {
		return list[0]
	}
	return nil
}

func named(names ...string) func(*node) bool {
	return func(n *node) bool { return slices.Contains(names, n.name) }
}

// words are what is read of a node, in one line.
func (n *node) words() string {
	var b strings.Builder
	n.each(func(m *node) { b.WriteString(m.text + " ") })
	return strings.Join(strings.Fields(b.String()), " ")
}

// id is the element of that id; nil: there is none.
func (p *page) id(id string) *node {
	return p.root.first(func(n *node) bool { return n.attr["id"] == id })
}

// heading is the page's h1.
func (p *page) heading() string { return p.root.first(named("h1")).words() }

// problem is what the page says went wrong.
func (p *page) problem() string { return p.id("problem").words() }

// link is the target of the link with these words.
func (p *page) link(words string) string {
	p.b.t.Helper()
	a := p.root.first(func(n *node) bool { return n.name == "a" && n.words() == words })
	if a == nil {
		p.b.t.Fatalf("%s: there is no link %q:\n%s", p.path, words, p.body)
	}
	return a.attr["href"]
}

// form is the one with this id, or that goes to this path.
func (p *page) form(name string) *node {
	p.b.t.Helper()
	f := p.root.first(func(n *node) bool {
		action, _, _ := strings.Cut(n.attr["action"], "?")
		return n.name == "form" && (n.attr["id"] == name || action == name)
	})
	if f == nil {
		p.b.t.Fatalf("%s: there is no form %s:\n%d %s", p.path, name, p.status, p.body)
	}
	return f
}

// has says whether there is such a form.
func (p *page) has(form string) bool {
	return p.root.first(func(n *node) bool { return n.name == "form" && (n.attr["id"] == form || n.attr["action"] == form) }) != nil
}

// fields are what a form sends as it stands.
func (n *node) fields() url.Values {
	out := url.Values{}
	for _, f := range n.all(named("input", "textarea", "select")) {
		name := f.attr["name"]
		_, checked := f.attr["checked"]
		_, disabled := f.attr["disabled"]
		kind := f.attr["type"]
		if name == "" || disabled || (kind == "checkbox" || kind == "radio") && !checked {
			continue
		}
		value := f.attr["value"]
		switch f.name {
		case "textarea":
			value = f.words()
		case "select":
			if chosen := f.first(func(o *node) bool { _, is := o.attr["selected"]; return o.name == "option" && is }); chosen != nil {
				value = chosen.attr["value"]
			}
		}
		out.Add(name, value)
	}
	return out
}

// wellFormed holds a page to what holds for all of them: WCAG 2.2 as far as it can be
// read off the markup, and nothing that its Content-Security-Policy would stop.
func (p *page) wellFormed() {
	t := p.b.t
	t.Helper()
	wrong := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: "+format+"\n%s", append(append([]any{p.path}, args...), p.body)...)
	}
	html := p.root.first(named("html"))
	if html.attr["lang"] == "" || html.attr["dir"] == "" {
		wrong("html has no lang or dir")
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
		"Content-Language": html.attr["lang"],
	} {
		if p.header.Get(name) != want {
			wrong("%s is %q, want %q", name, p.header.Get(name), want)
		}
	}
	policy := p.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			wrong("the policy has no %s: %s", want, policy)
		}
	}
	if !strings.Contains(p.header.Get("Permissions-Policy"), "publickey-credentials-get=(self)") {
		wrong("Permissions-Policy is %q", p.header.Get("Permissions-Policy"))
	}
	ids := map[string]bool{}
	p.root.each(func(n *node) {
		if id := n.attr["id"]; id != "" {
			if ids[id] {
				wrong("id %s is there twice", id)
			}
			ids[id] = true
		}
	})
	p.wellLabelled(ids, wrong)
	p.wellOrdered(wrong)
}

// wellLabelled looks at fields, buttons and what they refer to.
func (p *page) wellLabelled(ids map[string]bool, wrong func(string, ...any)) {
	p.b.t.Helper()
	labels := map[string]string{}
	for _, l := range p.root.all(named("label")) {
		labels[l.attr["for"]] = l.words()
	}
	focused := 0
	p.root.each(func(n *node) {
		for name := range n.attr {
			if strings.HasPrefix(name, "on") || name == "style" {
				wrong("<%s> has %s", n.name, name)
			}
		}
		for _, name := range []string{"aria-describedby", "aria-labelledby", "for", "aria-controls"} {
			for id := range strings.FieldsSeq(n.attr[name]) {
				if !ids[id] {
					wrong("%s refers to %s, which there is not", name, id)
				}
			}
		}
		if _, is := n.attr["autofocus"]; is {
			focused++
		}
		_, hidden := n.attr["hidden"]
		switch {
		case n.name == "style", n.name == "script" && n.attr["src"] == "" && n.attr["type"] != "application/json":
			wrong("<%s> is inline", n.name)
		case n.name == "form" && n.attr["action"] != "" && !strings.HasPrefix(n.attr["action"], "/"):
			wrong("a form goes to %q", n.attr["action"])
		case (n.name == "input" || n.name == "select" || n.name == "textarea") && n.attr["type"] != "hidden" && !hidden:
			if labels[n.attr["id"]] == "" && n.attr["aria-label"] == "" {
				wrong("field %s has no label", n.attr["name"])
			}
			if n.attr["aria-invalid"] == "true" && n.attr["aria-describedby"] == "" {
				wrong("field %s is not said what is wrong with", n.attr["name"])
			}
		case (n.name == "button" || n.name == "a" || n.name == "summary") && n.words() == "" && n.attr["aria-label"] == "":
			wrong("<%s> says nothing", n.name)
		case n.name == "img":
			if _, there := n.attr["alt"]; !there {
				wrong("a picture has no alt")
			}
		case n.name == "a" && strings.HasPrefix(strings.ToLower(strings.TrimSpace(n.attr["href"])), "javascript:"):
			wrong("a link is a script")
		}
	})
	if focused > 1 {
		wrong("%d fields want the focus", focused)
	}
}

// wellOrdered looks at headings and landmarks.
func (p *page) wellOrdered(wrong func(string, ...any)) {
	p.b.t.Helper()
	level := 0
	for _, h := range p.root.all(named("h1", "h2", "h3", "h4")) {
		next := int(h.name[1] - '0')
		if next > level+1 || next == 1 && level > 0 {
			wrong("%s %q comes after h%d", h.name, h.words(), level)
		}
		level = next
	}
	for _, name := range []string{"h1", "main", "title"} {
		if found := p.root.all(named(name)); len(found) != 1 || name != "main" && found[0].words() == "" {
			wrong("there are %d %s", len(found), name)
		}
	}
}
