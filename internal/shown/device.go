package shown

import "strings"

// A mark is what a User-Agent header contains, and what that means.
type mark struct{ part, name string }

// Most browsers also name those that they descend from, so the order counts:
// the more special comes first.
var browsers = []mark{
	{"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"Edg/", "Edge"}, {"Edge/", "Edge"},
	{"OPR/", "Opera"}, {"OPT/", "Opera"}, {"Opera", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"}, {"YaBrowser/", "Yandex Browser"},
	{"DuckDuckGo/", "DuckDuckGo"}, {"Ddg/", "DuckDuckGo"},
	{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"},
	{"Safari/", "Safari"},
}

var systems = []mark{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
	{"Windows", "Windows"}, {"Macintosh", "Mac"}, {"Linux", "Linux"},
}

// Device names browser and system of a User-Agent header. Nothing of the header
// itself is shown, since whoever sends it can write anything there.
func Device(userAgent string) string {
	browser, system := first(browsers, userAgent), first(systems, userAgent)
	if browser == "" || system == "" {
		return browser + system
	}
	return browser + ", " + system
}

func first(marks []mark, text string) string {
	for _, m := range marks {
		if strings.Contains(text, m.part) {
			return m.name
		}
	}
	return ""
}
