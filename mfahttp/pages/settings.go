package pages

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/words"
)

// lately is how much of the history the settings show; the rest has a page of its own.
const lately = 5

// sections are the methods of this package as the settings name them: their ids in the page.
var sections = []struct{ method, id string }{
	{methodApp, "apps"}, {methodKey, "keys"}, {methodText, "phones"}, {methodMail, "addresses"},
}

// A section is one method in the settings.
type section struct {
	ID      string
	Title   string
	Entries []entry
	Add     *way // nil: nothing can be added now
	Later   bool // something can, once there is another method
	Keys    bool // only where a browser can use them
	Signals string
}

// An entry is an enrollment as the settings show it.
type entry struct {
	mfa.Enrollment
	Name string
	Page string // empty: it is not the user's own choice
}

type settingsData struct {
	Sections []section
	None     bool // the password alone opens the account
	Single   bool
	More     int
	Codes    bool // there are recovery codes, or could be
	Left     int  // of them
	Reset    bool // a delayed one waits
	Browsers int
	Activity []activityLine
}

// settingsPage is what an account has, and what can be added to it. It asks for no fresh
// evidence; what it leads to does.
func (v *visit) settingsPage() error {
	c, err := v.holder()
	if err != nil {
		return err
	}
	choices, err := v.engine.Choices(v.r.Context(), c)
	if err != nil {
		return v.unproved(err, "")
	}
	all, err := v.engine.Enrollments(v.r.Context(), c.User.ID)
	if err != nil {
		return err
	}
	signals, err := v.signals(c)
	if err != nil {
		return err
	}
	browsers, err := v.browsers(c)
	if err != nil {
		return err
	}
	history, err := v.engine.Activity(v.r.Context(), c.User.ID)
	if err != nil {
		return err
	}
	own := chosen(all)
	data := settingsData{
		Sections: v.sections(all, choices, signals), None: len(own) == 0, Single: len(own) == 1, More: choices.More,
		Reset: resetPending(history), Browsers: len(browsers), Activity: v.lines(history[:min(len(history), lately)]),
	}
	data.Codes, data.Left = codesOf(all)
	return v.render(http.StatusOK, "settings", view{Title: v.text("page.settings.title"), Data: data})
}

// holder is the session that asks. One whose evidence is void is none.
func (v *visit) holder() (mfa.Caller, error) {
	c, err := v.api.SessionCaller(v.r)
	if err != nil {
		return mfa.Caller{}, err
	}
	return c, v.unproved(v.engine.Satisfies(v.r.Context(), c, mfa.Requirement{}), "")
}

// codesOf says whether an account has recovery codes, or something that they could
// stand in for, and how many are left.
func codesOf(all []mfa.Enrollment) (has bool, left int) {
	for _, e := range all {
		switch {
		case e.Method == methodRecovery:
			has, left = true, left+e.Remaining
		case e.Implicit, e.Method == methodBypass, e.Method == methodMail:
		default:
			has = true
		}
	}
	return has, left
}

// sections are the methods that somebody has, or may set up. The order is always the
// same, so that people find them again.
func (v *visit) sections(all []mfa.Enrollment, c mfa.Choices, signals string) []section {
	own := chosen(all)
	var out []section
	for _, s := range sections {
		one := section{ID: s.id, Title: v.text("page.settings." + s.method), Later: slices.Contains(c.Later, s.method), Keys: s.method == methodKey}
		if ways := v.ways(only(c.Methods, s.method)); len(ways) > 0 {
			one.Add = &ways[0]
		}
		one.Entries = v.entries(own, s.method)
		for _, e := range all {
			if e.Implicit && e.Method == s.method {
				one.Entries = append(one.Entries, entry{Enrollment: e, Name: v.words.Label(e.Label)})
			}
		}
		if one.Keys && len(one.Entries) > 0 {
			one.Signals = signals
		}
		if len(one.Entries) > 0 || one.Add != nil || one.Later {
			out = append(out, one)
		}
	}
	// Methods of the host's own have no pages here to be set up by, but what there is
	// can be renamed and removed like the rest.
	for _, e := range own {
		id := "other-" + e.Method
		if setupPages[e.Method] == "" && !slices.ContainsFunc(out, func(s section) bool { return s.ID == id }) {
			out = append(out, section{ID: id, Title: methodName(v.words, e.Method), Entries: v.entries(own, e.Method)})
		}
	}
	return out
}

// entries are the enrollments of a method.
func (v *visit) entries(own []mfa.Enrollment, method string) []entry {
	var out []entry
	for _, e := range own {
		if e.Method == method {
			out = append(out, entry{e, v.words.Label(e.Label), v.path("/settings/enrollments/" + e.ID)})
		}
	}
	return out
}

// methodName is what a method is called.
func methodName(l *words.Language, method string) string {
	if l.Has("method." + method) {
		return l.Text("method." + method)
	}
	return l.Text("method.other")
}

// only is the method, if it is in the list.
func only(list []string, method string) []string {
	if slices.Contains(list, method) {
		return []string{method}
	}
	return nil
}

// signals is what the page tells the browser's passkeys of what is still good here, so
// that they stop offering what was removed; empty: nothing.
func (v *visit) signals(c mfa.Caller) (string, error) {
	all, err := v.engine.Signals(v.r.Context(), c)
	if err != nil || all[methodKey] == nil {
		return "", v.unproved(err, "")
	}
	text, err := json.Marshal(all[methodKey])
	return string(text), err
}

// changes is a page at which a session begins a change; see changing.
func changes(show func(*visit, mfa.Caller) error) page {
	return func(v *visit) error {
		return v.changing(func(c mfa.Caller) error { return show(v, c) })
	}
}

// wanted is where the host wanted a page to lead; empty: it did not say.
func (v *visit) wanted() string {
	if v.r.FormValue("return") == "" {
		return ""
	}
	return v.back()
}
