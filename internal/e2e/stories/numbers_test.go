package stories_test

import "slices"

// numbers are a mobile number in each country that the logistics platform sends
// text messages to, in the order of its page.
var numbers = []struct{ country, number string }{
	{"AF", "+93701234567"}, {"BA", "+38761123456"}, {"BG", "+359881234567"}, {"CA", "+15062345678"}, {"CO", "+573211234567"},
	{"EG", "+201001234567"}, {"DE", "+4915123456789"}, {"IN", "+918123456789"}, {"IE", "+353850123456"}, {"JM", "+18762101234"},
	{"LT", "+37061234567"}, {"MX", "+522221234567"}, {"MD", "+37362112345"}, {"MA", "+212650123456"}, {"NL", "+31612345678"},
	{"MK", "+38972345678"}, {"NO", "+4740612345"}, {"PH", "+639051234567"}, {"PL", "+48512345678"}, {"RS", "+381601234567"},
	{"ES", "+34612345678"}, {"TR", "+905012345678"}, {"UA", "+380501234567"}, {"GB", "+447400123456"}, {"US", "+12015550123"},
	{"UZ", "+998912345678"},
}

// Numbers that get no text messages.
const (
	swede    = "+46701234567" // of a country that is not listed
	landline = "+4722222222"
)

func countries() []string {
	var out []string
	for _, n := range numbers {
		out = append(out, n.country)
	}
	slices.Sort(out)
	return out
}
