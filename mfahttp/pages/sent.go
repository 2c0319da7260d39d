package pages

import (
	"strconv"
	"time"

	"github.com/mfakit/mfa"
)

// A sent is what a page says of a code that is sent, within the template "arrival":
// what is known of it, when another can be sent, and what to do if it does not arrive.
type sent struct {
	Method string
	To     string // masked
	State  mfa.DeliveryState
	Resend string // when another can be sent, as a form carries it; see resendAt
	Wait   int    // the seconds until then
	Again  string // where the form that asks for another one goes
	Fields []hidden
	Help   []string

	Option string // of a flow, whose state a script can ask for; empty: it is of none
	Over   string // where to go when that flow has come to its end
}

// A hidden is a hidden field of a form.
type hidden struct{ Name, Value string }

// sentNow is what is the same wherever a code was sent.
func (v *visit) sentNow(method, to string, resend time.Time) *sent {
	s := &sent{Method: method, To: to}
	for _, id := range []string{"page.sent.help.1", "page.sent.help.2", "page.sent.help.latest"} {
		s.Help = append(s.Help, v.text(id, "method", method, "to", to))
	}
	if wait := resend.Sub(v.config.Now()); wait > 0 {
		s.Wait, s.Resend = int((wait+time.Second-1)/time.Second), strconv.FormatInt(resend.Unix(), 10)
	}
	return s
}

// flow says that the code is of a flow's option.
func (s *sent) flow(v *visit, o mfa.Option, back string) {
	s.State, s.Option, s.Again, s.Over = o.Delivery, o.ID, v.path("/challenge/send"), v.returning("/continue", back)
	s.Fields = []hidden{{"option", o.ID}, {"return", back}, {"resend", s.Resend}}
}

// Waiting is how long until another one can be sent.
func (s *sent) Waiting() time.Duration { return time.Duration(s.Wait) * time.Second }
