package words

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// What is read of a preference, since a browser's header is whatever a client
// sends. Browsers send fewer than ten tags.
const (
	maxPreference = 256 // bytes
	maxPreferred  = 16  // tags of all preferences together
)

// Pick is the language that suits best, of what somebody prefers: each a BCP 47 tag
// ("de-AT") or the value of an Accept-Language header, the more important one first. What
// cannot be read is left out. Where nothing fits it is English.
func (c *Catalogue) Pick(preferred ...string) *Language {
	var tags []language.Tag
	for _, p := range preferred {
		tags = append(tags, preferences(p)...)
		if len(tags) >= maxPreferred {
			tags = tags[:maxPreferred]
			break
		}
	}
	if len(tags) == 0 {
		return c.languages[0]
	}
	_, index, confidence := c.matcher.Match(tags...)
	if confidence == language.No {
		index = 0
	}
	return c.languages[index]
}

// preferences reads one tag or header, with the most wanted first.
func preferences(text string) []language.Tag {
	if len(text) > maxPreference {
		text = text[:maxPreference]
		text = text[:max(strings.LastIndexByte(text, ','), 0)] // no half of a tag
	}
	type wanted struct {
		tag    language.Tag
		weight float32
	}
	var all []wanted
	for entry := range strings.SplitSeq(text, ",") {
		// One by one: an entry that cannot be read does not spoil the others.
		tags, weights, err := language.ParseAcceptLanguage(entry)
		if err == nil && len(tags) == 1 && tags[0] != anything {
			all = append(all, wanted{tags[0], weights[0]})
		}
	}
	slices.SortStableFunc(all, func(a, b wanted) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	tags := make([]language.Tag, len(all))
	for i, w := range all {
		tags[i] = w.tag
	}
	return tags
}

// anything is what "*" is read as.
var anything = language.MustParse("mul")
