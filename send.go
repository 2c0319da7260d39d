package mfa

import (
	"context"
	"time"
)

// A Sender hands messages to a carrier: an SMS gateway, a mail server. It may be
// called from any number of goroutines, and should keep to ctx, which ends after
// ten seconds. It does not try again by itself where it does not know whether the
// message went out.
type Sender interface {
	// Send hands m over and returns the carrier's reference, if it has one. That
	// a carrier took it does not mean that it arrived. Errors should be a
	// [*SendError]; none may hold the number, the address or the text.
	Send(ctx context.Context, m Message) (ref string, err error)
}

// The channels of a [Message].
const (
	ChannelSMS   = "sms"
	ChannelEmail = "email"
)

// A Message is one text to one person.
type Message struct {
	ID      string // stable over tries, letters and digits: by it a carrier or a mailbox can recognise a repetition
	Channel string // ChannelSMS or ChannelEmail
	To      string // a number in E.164 form, or one address
	Subject string // of a mail, one line
	Text    string
	HTML    string // of a mail; empty: the text alone
	Report  string // what a delivery report has to bring back, see Report; empty: no report is wanted
}

// A SendError says why a message could not be handed over, and what can help.
type SendError struct {
	Reason    string        // stable; one of the constants below, or the sender's own
	Retry     bool          // the same message may go through later, by the same sender
	Elsewhere bool          // another sender could mend it
	After     time.Duration // when to try again; 0: not said
	Err       error         // the cause, without number, address and text; may be nil
}

// The reasons of a [SendError].
const (
	SendBadDestination = "bad_destination" // there is no such number or mailbox, or it takes no messages
	SendOptedOut       = "opted_out"       // its owner does not want messages
	SendThrottled      = "throttled"       // too many for the carrier just now
	SendUnauthorized   = "unauthorized"    // the carrier refuses our account
	SendRefused        = "refused"         // the carrier refuses this message
	SendUnreachable    = "unreachable"     // no connection, or the carrier has a fault
	SendTimeout        = "timeout"         // no answer in time: it may have gone out
	SendBadAnswer      = "bad_answer"      // the carrier's answer is not understood: it may have gone out
)

func (e *SendError) Error() string { return "mfa: message not sent: " + e.Reason }
func (e *SendError) Unwrap() error { return e.Err }

// A DeliveryState is what is known of a message that was handed over.
type DeliveryState string

// The states. The zero value says that nothing is known.
const (
	DeliveryUnknown   DeliveryState = ""
	DeliveryOnItsWay  DeliveryState = "on_its_way" // the carrier has it
	DeliveryDelivered DeliveryState = "delivered"  // the phone has it
	DeliveryFailed    DeliveryState = "failed"     // it will not arrive
)

// A Report is what a carrier says of a message later.
type Report struct {
	Token string // Message.Report
	State DeliveryState
}
