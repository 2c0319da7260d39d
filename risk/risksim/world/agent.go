package world

import (
	"fmt"
	"strconv"
	"strings"
)

type system uint8

const (
	windows system = iota
	macOS
	chromeOS
	linux
	iPhone
	iPad
	android
	androidTablet
)

type browser uint8

const (
	chrome browser = iota
	firefox
	edge
	safari
	opera
	chromeMobile
	webView // a page inside another app
	samsung
	firefoxMobile
	mobileSafari
	inApp // the same on iOS
	chromeIOS
)

// An agent is what a user agent's string is made of. Equal agents have equal
// strings.
type agent struct {
	system  system
	browser browser
	model   uint16 // of a phone, or the machine's kind
	version uint16 // of the system, as an index of its releases
	major   uint16 // of the browser
	patch   uint16 // of the browser: how many updates ever, small ones too
	app     uint16 // of the app around a web view; its updates, or its name
	build   uint16 // of the browser; 0: the usual one
}

// A described agent is what stands in the columns.
type described struct{ text, browser, os, device string }

func (a agent) describe() described {
	d := described{device: "mobile"}
	var inside string // the brackets after Mozilla/5.0
	switch a.system {
	case windows:
		nt := windowsReleases[a.version]
		inside, d.os, d.device = "Windows NT "+nt.kernel+"; Win64; x64", "Windows "+nt.name, "desktop"
	case macOS:
		v := macReleases[a.version]
		inside, d.os, d.device = "Macintosh; Intel Mac OS X "+strings.ReplaceAll(v, ".", "_"), "Mac OS X "+v, "desktop"
	case chromeOS:
		v := fmt.Sprintf("%d.%d.%d", 9000+int(a.version)*132, 40+int(a.version)*7%60, a.model)
		inside, d.os, d.device = "X11; CrOS x86_64 "+v, "Chrome OS "+v, "desktop"
	case linux:
		distribution := linuxes[a.model]
		inside, d.os, d.device = distribution.inside, distribution.name, "desktop"
	case iPhone:
		v := iosReleases[a.version]
		inside, d.os = "iPhone; CPU iPhone OS "+strings.ReplaceAll(v, ".", "_")+" like Mac OS X", "iOS "+v
	case iPad:
		v := iosReleases[a.version]
		inside, d.os, d.device = "iPad; CPU OS "+strings.ReplaceAll(v, ".", "_")+" like Mac OS X", "iOS "+v, "tablet"
	default:
		v := androidReleases[int(a.version)%len(androidReleases)]
		if vendor := int(a.version) / len(androidReleases); vendor > 0 {
			v += "." + strconv.Itoa(vendor)
		}
		inside, d.os = "Linux; Android "+v+"; "+a.modelName(), "Android "+v
		if a.system == androidTablet {
			d.device = "tablet"
		}
	}
	d.text, d.browser = a.program(inside)
	return d
}

// program is the string of the browser, and its name and version.
func (a agent) program(inside string) (text, name string) {
	const webkit, gecko = "AppleWebKit/537.36 (KHTML, like Gecko) ", "Mozilla/5.0 ("
	const apple = ") AppleWebKit/605.1.15 (KHTML, like Gecko) "
	short := a.number(fmt.Sprintf("%d.0.%d", a.major, 3987+(int(a.major)-80)*58))
	chromium := short + "." + strconv.Itoa(40+int(a.patch)*13%150)
	rv := a.number(strconv.Itoa(int(a.major)) + ".0")
	point := a.number(safariReleases[min(int(a.major), len(safariReleases)-1)])
	switch a.browser {
	case chrome:
		return gecko + inside + ") " + webkit + "Chrome/" + chromium + " Safari/537.36", "Chrome " + short
	case edge:
		return gecko + inside + ") " + webkit + "Chrome/" + chromium + " Safari/537.36 Edg/" + chromium, "Edge " + short
	case opera:
		own := a.number(fmt.Sprintf("%d.0.%d", int(a.major)-14, 3600+int(a.major)))
		return gecko + inside + ") " + webkit + "Chrome/" + chromium + " Safari/537.36 OPR/" + own + "." + strconv.Itoa(int(a.patch)), "Opera " + own
	case firefox:
		return gecko + inside + "; rv:" + rv + ") Gecko/20100101 Firefox/" + rv + a.small(), "Firefox " + rv
	case safari:
		return gecko + inside + apple + "Version/" + point + " Safari/605.1." + strconv.Itoa(15+int(a.patch)), "Safari " + point
	case chromeMobile:
		return gecko + inside + ") " + webkit + "Chrome/" + chromium + " Mobile Safari/537.36", "Chrome Mobile " + short
	case webView:
		return gecko + inside + " Build/" + a.image() + "; wv) " + webkit + "Version/4.0 Chrome/" + chromium + " Mobile Safari/537.36 " + appName(a.app),
			"Chrome Mobile WebView " + short
	case samsung:
		own := a.number(fmt.Sprintf("%d.%d", 4+int(a.major)/12, int(a.major)%3))
		return gecko + inside + ") " + webkit + "SamsungBrowser/" + own + a.small() + " Chrome/" + chromium + " Mobile Safari/537.36", "Samsung Internet " + own
	case firefoxMobile:
		return gecko + inside + "; rv:" + rv + ") Gecko/" + rv + " Firefox/" + rv + a.small(), "Firefox Mobile " + rv
	case mobileSafari:
		return gecko + inside + apple + "Version/" + point + " Mobile/15E" + strconv.Itoa(148+int(a.patch)) + " Safari/604.1", "Mobile Safari " + point
	case chromeIOS:
		return gecko + inside + apple + "CriOS/" + chromium + " Mobile/15E148 Safari/604.1", "Chrome Mobile iOS " + short
	default:
		return gecko + inside + apple + "Mobile/15E148 " + appName(a.app) + " (" + point + ")", "Mobile Safari UI/WKWebView " + point
	}
}

// number is a version's, with the build behind it where it is not the usual one.
func (a agent) number(version string) string {
	if a.build == 0 {
		return version
	}
	return version + "." + strconv.Itoa(int(a.build))
}

// small is an update that only the full string shows.
func (a agent) small() string { return "." + strconv.Itoa(int(a.patch)) }

func (a agent) image() string {
	return fmt.Sprintf("QP1A.%d%02d%02d.0%02d", 19+int(a.version)%2, 1+int(a.patch)%12, 1+int(a.model)%28, int(a.model)%40)
}

// appName is an app that shows pages, and its version: those change weekly.
func appName(app uint16) string {
	kind, version := int(app)%len(apps), int(app)/len(apps)
	return fmt.Sprintf("%s%d.0.0.%d.%d", apps[kind], 255+version, 20+version*7%60, 60+version*31%90)
}

// modelName is an Android device's. After the well-known ones come others,
// named as makers name them.
func (a agent) modelName() string {
	if a.system == androidTablet {
		return fmt.Sprintf("SM-T%d", 500+int(a.model))
	}
	if int(a.model) < len(phones) {
		return phones[a.model]
	}
	m := int(a.model)
	switch m % 4 {
	case 0:
		return fmt.Sprintf("SM-%c%d%c", 'A'+rune(m/4%3*9), 100+m*7%890, "FGN"[m%3])
	case 1:
		return fmt.Sprintf("%c%c%c-L%d", 'A'+rune(m%26), 'E'+rune(m/3%20), 'L'+rune(m/7%14), 1+m%60)
	case 2:
		return fmt.Sprintf("Redmi Note %d%s", 4+m%6, []string{"", " Pro", "S", "T"}[m/11%4])
	default:
		return fmt.Sprintf("moto g(%d) %s", 4+m%5, []string{"plus", "power", "play"}[m/5%3])
	}
}
