package pages

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/words"
)

// Config says what [Pages] work with. Engine, API, App and SignIn are needed.
type Config struct {
	Engine *mfa.Engine      // required
	API    *mfahttp.Handler // of the same engine; required
	App    string           // what people call the application; required

	// Prefix is the path under which the pages are mounted; "/account" if empty, and "/"
	// for none.
	Prefix string

	// Home is where a sign-in that has passed leads if nothing else was asked for, and
	// where the application's name leads. A path of this origin; "/" if empty.
	Home string

	// SignIn is the path of the host's page to sign in at. Required.
	SignIn string

	// SignOut is a path of the host that ends the session by POST, and the sign-in that is
	// under way (mfahttp.Handler.ClearFlow). Empty: the pages have no button for it.
	SignOut string

	// Password is a path of the host to which the page that asks for the password again
	// posts the fields password and return. The host checks it, renews the session's
	// evidence (mfa.Engine.Reauthenticated), and leads to mfahttp.ReturnPath; if it is
	// wrong it shows [Pages.AskPassword] again. Empty: whoever would be asked for a
	// password is asked to sign in again.
	Password string

	// Words are what the pages say; nil: words.Default.
	Words *words.Catalogue

	// Language names the language of a request's user as a BCP 47 tag. Nil, or empty:
	// what the browser asks for (Accept-Language).
	Language func(*http.Request) string

	// Zone is the time zone in which times are told to a request's user. Nil: UTC.
	Zone func(*http.Request) *time.Location

	// Theme are colours and shapes; the zero value is ours.
	Theme Theme

	// Logo is the path of a picture, of this origin, that stands beside the application's
	// name. Empty: a shield.
	Logo string

	// Frame is the host's own layout, executed over a [Frame]; nil: ours. It is tried out by
	// New.
	Frame *template.Template

	// Templates replace the built-in ones, file by file, by name. Nil: none. Each is
	// parsed by New; whether it works with what it is given, the first use tells.
	Templates fs.FS

	// Devices names a browser by its User-Agent, in words. Nil: a short form of it.
	Devices func(userAgent string) string

	// Countries are those to which text messages go, in words, for the page that asks for
	// a number. Nil, or empty: nothing is said of it.
	Countries func(*words.Language) string

	// Program says whether a request is a program's, which is told of errors as the API tells
	// of them, and not by pages. Nil: none is.
	Program func(*http.Request) bool

	Now    func() time.Time // nil: time.Now; use the engine's
	Logger *slog.Logger     // faults that people are told nothing of; nil: slog.Default
}

// A Theme sets custom properties of the stylesheet. A colour is what CSS takes for one:
// "#2147d9", "rgb(33 71 217)", "oklch(0.5 0.2 264)". Whoever sets one looks after its
// contrast (WCAG 2.2, 1.4.3): text on Accent is AccentText. Empty: ours.
type Theme struct {
	Accent, AccentText         string // by day: buttons and links
	DarkAccent, DarkAccentText string // by night
	Font                       string // font-family
	Radius                     string // of corners: "10px"
}

// A Frame is what the host's layout puts around a page: within html with these lang and
// dir, Head in head, and Main in main. The scripts show the next page in the place of the
// last one; an element of the layout that has to change then, as the one that says who is
// signed in, has an id and the attribute data-mfa-part.
type Frame struct {
	Lang, Dir string        // "ar", "rtl"
	Title     string        // of the page, without the application's name
	Head      template.HTML // the stylesheet and the scripts
	Main      template.HTML // the content
	User      string        // the name of who is signed in; empty: nobody is
	Request   *http.Request
}

// plainValue is a value of a custom property that cannot end its declaration.
var plainValue = regexp.MustCompile(`^[a-zA-Z0-9#%.,()'" /-]{0,200}$`)

func (t Theme) check() error {
	for name, v := range map[string]string{"Accent": t.Accent, "AccentText": t.AccentText, "DarkAccent": t.DarkAccent,
		"DarkAccentText": t.DarkAccentText, "Font": t.Font, "Radius": t.Radius} {
		if !plainValue.MatchString(v) || strings.Contains(v, "url(") {
			return fmt.Errorf("pages: Config.Theme.%s is no plain CSS value", name)
		}
	}
	return nil
}

// css are the declarations by which a theme differs from ours.
func (t Theme) css() string {
	var b strings.Builder
	block := func(open, end string, pairs ...string) {
		var d strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				fmt.Fprintf(&d, "%s:%s;", pairs[i], pairs[i+1])
			}
		}
		if d.Len() > 0 {
			b.WriteString(open + d.String() + end + "\n")
		}
	}
	block(":root{", "}", "--accent", t.Accent, "--accent-text", t.AccentText, "--font", t.Font, "--radius", t.Radius)
	block("@media (prefers-color-scheme: dark){:root{", "}}", "--accent", t.DarkAccent, "--accent-text", t.DarkAccentText)
	return b.String()
}

// check says what is wrong with a configuration, and fills in what is left out.
func (c *Config) check() error {
	switch {
	case c.Engine == nil:
		return errors.New("pages: Config.Engine is missing")
	case c.API == nil:
		return errors.New("pages: Config.API is missing")
	case strings.TrimSpace(c.App) == "":
		return errors.New("pages: Config.App is missing")
	case c.SignIn == "":
		return errors.New("pages: Config.SignIn is missing")
	}
	if c.Prefix == "" {
		c.Prefix = "/account"
	}
	if c.Home == "" {
		c.Home = "/"
	}
	if c.Prefix != "/" && strings.HasSuffix(c.Prefix, "/") {
		return fmt.Errorf("pages: Config.Prefix %q ends with a slash", c.Prefix)
	}
	for name, path := range map[string]string{"Prefix": c.Prefix, "Home": c.Home, "SignIn": c.SignIn, "SignOut": c.SignOut, "Password": c.Password, "Logo": c.Logo} {
		if path != "" && mfahttp.LocalPath(path) != path {
			return fmt.Errorf("pages: Config.%s %q is not a path of this origin", name, path)
		}
	}
	if c.Words == nil {
		c.Words = words.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c.Theme.check()
}
