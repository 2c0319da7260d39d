package pages

import (
	"strings"

	"github.com/mfakit/mfa/words"
)

// maxAgent is how much of a User-Agent header is looked at; the engine keeps as much.
const maxAgent = 256 // bytes

// What browsers and systems call themselves, the more special ones first, as most
// claim to be others too.
var (
	browserMarks = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Chromium/", "Chromium"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systemMarks = [][2]string{
		{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"},
	}
)

// deviceName is what people call the browser and the system that a User-Agent header
// names: as the host says it, or in a short form. Empty: there is none.
func (v *visit) deviceName(agent string) string {
	agent = agent[:min(len(agent), maxAgent)]
	if agent != "" && v.config.Devices != nil {
		return v.config.Devices(agent)
	}
	return Device(v.words, agent)
}

// Device is what people call the browser and the system that a User-Agent header names.
// The header is the client's own word, so nothing else of it is shown. Empty: there is none.
func Device(l *words.Language, userAgent string) string {
	agent := userAgent[:min(len(userAgent), maxAgent)]
	if agent == "" {
		return ""
	}
	browser, system := marked(agent, browserMarks), marked(agent, systemMarks)
	switch {
	case browser == "" && system == "":
		return l.Text("page.device.program")
	case browser == "":
		return l.Text("page.device.system", "system", system)
	case system == "":
		return browser
	}
	return l.Text("page.device.both", "browser", browser, "system", system)
}

// marked is the first name whose mark stands in the header.
func marked(agent string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(agent, m[0]) {
			return m[1]
		}
	}
	return ""
}
