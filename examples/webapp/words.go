package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/mfakit/mfa/words"
)

//go:embed words
var wordFiles embed.FS

// languageAttribute is the attribute of an account that names the language of its mails.
const languageAttribute = "language"

// newWords is the library's catalogue with what this app says besides: host.… on its pages
// and in its letters, error.… of its own problems.
// Where there is mail, and so a way to another password, it says that a stolen one is dropped.
func newWords(mail bool) (*words.Catalogue, error) {
	folders := []string{"words"}
	if mail {
		folders = append(folders, "words/mail")
	}
	c := words.Default()
	for _, folder := range folders {
		for _, tag := range c.Tags() { // English is the first
			name := folder + "/" + tag + ".json"
			raw, err := wordFiles.ReadFile(name)
			if err != nil {
				return nil, err
			}
			var messages map[string]string
			if err := json.Unmarshal(raw, &messages); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if c, err = c.With(tag, messages); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return c, nil
}

// speak is the language of a page: what the browser asks for, but for staff and developers.
func (a *app) speak(r *http.Request, page string) *words.Language {
	return a.words.Pick(a.asked(r, page).Header.Get("Accept-Language"))
}

// asked is the request of a page as to its language.
func (a *app) asked(r *http.Request, page string) *http.Request {
	if !slices.Contains(staffPages, page) {
		return r
	}
	english := *r
	english.Header = http.Header{"Accept-Language": {"en"}}
	return &english
}

// speaking is what goes into a new account: the language in which somebody registers, for
// the mails that the app sends when nobody is looking at a page.
func (a *app) speaking(r *http.Request, attributes map[string]string) map[string]string {
	tag := a.words.Pick(r.Header.Get("Accept-Language")).Tag()
	if tag == "en" {
		return attributes
	}
	if attributes == nil {
		attributes = map[string]string{}
	}
	attributes[languageAttribute] = tag
	return attributes
}
