package risk

import (
	"slices"
	"strings"
	"sync"

	"github.com/mfakit/mfa"
	"github.com/mileusna/useragent"
)

// What browsers, systems and device classes are called. A header may hold anything,
// so a reason names nothing that is not here. The position is what is kept: names
// are added at the end, and never moved.
var (
	browsers = []string{"", "another browser", "Chrome", "Firefox", "Safari", "Edge", "Opera", "Samsung Browser",
		"Internet Explorer", "Vivaldi", "Brave", "Yandex Browser", "Opera Mini", "Opera Touch", "Huawei Browser",
		"Miui Browser", "Facebook App", "Instagram App", "TikTok App", "Android browser", "DuckDuckGo", "Chromium",
		"Headless Chrome", "UC Browser", "BlackBerry", "curl", "a script", "QQ Browser", "Whale", "Silk", "Waterfox", "Coc Coc"}
	systems = []string{"", "another system", "Windows", "macOS", "iOS", "Android", "Linux", "ChromeOS", "FreeBSD",
		"Windows Phone", "BlackBerry", "HarmonyOS"}
	classes = []string{"", "desktop", "mobile", "tablet", "bot"}
)

const otherAgent = 1 // "another browser", "another system"

// agentNames leads from what the parser and client hints say to the names above.
var agentNames = map[string]string{
	"Mobile Safari": "Safari", "Harmony": "HarmonyOS", "Google Chrome": "Chrome", "Microsoft Edge": "Edge",
	"Microsoft Edge WebView2": "Edge", "Android WebView": "Chrome", "Samsung Internet": "Samsung Browser", "YaBrowser": "Yandex Browser",
	"Yandex": "Yandex Browser", "UCBrowser": "UC Browser", "HeadlessChrome": "Headless Chrome", "Chrome OS": "ChromeOS",
	"Chromium OS": "ChromeOS", "Windows NT": "Windows", "DuckDuckGo Privacy Browser": "DuckDuckGo", "QQBrowser": "QQ Browser",
	"MQQBrowser": "QQ Browser", "NAVER Whale": "Whale", "coc_coc_browser": "Coc Coc",
	"python-requests": "a script", "Go-http-client": "a script", "okhttp": "a script", "axios": "a script",
	"PostmanRuntime": "a script", "Wget": "a script", "Java": "a script", "aiohttp": "a script", "python-httpx": "a script",
}

// An agentID is an agent by position in the tables above.
type agentID struct{ browser, os, class uint8 }

func (a agentID) number() uint64 {
	return uint64(a.class)<<16 | uint64(a.os)<<8 | uint64(a.browser)
}

func (a agentID) agent() Agent {
	return Agent{Browser: browsers[a.browser], OS: systems[a.os], Class: classes[a.class]}
}

func (a agentID) valid() bool {
	return int(a.browser) < len(browsers) && int(a.os) < len(systems) && int(a.class) < len(classes)
}

// position is where a name stands in a table; 0: no name.
func position(table []string, name string) uint8 {
	if name == "" {
		return 0
	}
	if known := agentNames[name]; known != "" {
		name = known
	}
	if i := slices.Index(table, name); i >= 0 {
		return uint8(i)
	}
	return otherAgent
}

// The headers are the client's: what is read of them is bounded here too, for
// callers that are not the engine.
const (
	maxUserAgent = 256
	maxHint      = 64
	maxBrands    = 8
)

// parseAgent reads client hints first, which are short and well-formed, and the
// User-Agent header for what they do not say.
func parseAgent(k agentKey) agentID {
	var a agentID
	if k.userAgent != "" {
		ua := useragent.Parse(k.userAgent)
		a.browser, a.os = position(browsers, ua.Name), position(systems, ua.OS)
		switch {
		case ua.Bot:
			a.class = 4
		case ua.Tablet:
			a.class = 3
		case ua.Mobile:
			a.class = 2
		case ua.Desktop:
			a.class = 1
		}
	}
	if b := brand(k.brands); b != 0 {
		a.browser = b
	}
	if p := position(systems, strings.Trim(k.platform, `" `)); p > otherAgent {
		a.os = p
	}
	switch {
	case a.class == 4: // a robot that says so
	case k.mobile == "?1":
		a.class = 2
	case k.mobile == "?0" && a.class != 3:
		a.class = 1
		if systems[a.os] == "Android" {
			a.class = 3 // Chrome on a tablet says that it is not mobile
		}
	}
	return a
}

// brand is the most telling of the brands in a Sec-CH-UA header: a list in any
// order, with one that is made up, and Chromium beside what is built on it.
func brand(header string) uint8 {
	best := uint8(0)
	for range maxBrands {
		_, rest, ok := strings.Cut(header, `"`)
		if !ok {
			break
		}
		name, rest, ok := strings.Cut(rest, `"`)
		if !ok {
			break
		}
		if p := position(browsers, name); p > otherAgent && (best == 0 || browsers[best] == "Chromium") {
			best = p
		}
		_, header, _ = strings.Cut(rest, ",")
	}
	return best
}

// withoutVersions is a User-Agent header without its versions: what follows a slash or a colon,
// and numbers by themselves. What is left is the device's model, where it tells, the
// app, and the order of it all; an update does not change it. The result is in room.
func withoutVersions(userAgent string, room []byte) []byte {
	skip := false
	before := byte(' ')
	for i := range len(userAgent) {
		c := userAgent[i]
		switch {
		case c == ' ' || c == ';' || c == ')' || c == '(' || c == ',' || c == ']':
			skip = false
		case skip:
			continue
		case c == '/' || c == ':' || '0' <= c && c <= '9' && (before == ' ' || before == '(' || before == ';'):
			skip = true
			continue
		}
		room = append(room, c)
		before = c
	}
	return room
}

type agentKey struct{ userAgent, brands, mobile, platform string }

func keyOf(c mfa.Client) agentKey {
	return agentKey{cut(c.UserAgent, maxUserAgent), cut(c.Hints.Brands, maxUserAgent), cut(c.Hints.Mobile, maxHint), cut(c.Hints.Platform, maxHint)}
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

// agentCache remembers what was parsed lately. A parse costs some microseconds and
// the same few thousand headers come again and again. It holds two generations of at
// most half its bound, so that whoever sends a new header each time costs a parse and no memory.
type agentCache struct {
	mu       sync.RWMutex
	now, old map[agentKey]agentSeen
}

// agentSeen is what is known of a key: the agent, and its model's print.
type agentSeen struct {
	agentID
	model uint32
}

const agentsCached = 4096

func (c *agentCache) get(k agentKey, p *printer) agentSeen {
	c.mu.RLock()
	seen, ok := c.now[k]
	older := false
	if !ok {
		seen, older = c.old[k]
	}
	c.mu.RUnlock()
	if ok {
		return seen
	}
	if !older {
		seen = agentSeen{agentID: parseAgent(k)}
		if k.userAgent != "" {
			var room [maxUserAgent]byte
			seen.model = p.print(ofModel, string(withoutVersions(k.userAgent, room[:0])))
		}
	}
	k = agentKey{strings.Clone(k.userAgent), strings.Clone(k.brands), strings.Clone(k.mobile), strings.Clone(k.platform)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.now) >= agentsCached/2 {
		c.old, c.now = c.now, nil
	}
	if c.now == nil {
		c.now = map[agentKey]agentSeen{}
	}
	c.now[k] = seen
	return seen
}
