package gateway

import "github.com/mfakit/mfa"

// twilioReasons are the codes that a message may be refused with, each described
// at https://www.twilio.com/docs/api/errors/ followed by the code. Twilio splits
// codes from time to time: one that is not here is taken by its status, and the
// request's own fault (400) then is SendRefused.
var twilioReasons = map[int]string{
	// The number.
	21211: mfa.SendBadDestination, // invalid To
	21214: mfa.SendBadDestination, // To cannot be reached
	21217: mfa.SendBadDestination, // does not appear to be valid
	21265: mfa.SendBadDestination, // a short code
	21266: mfa.SendBadDestination, // To is From
	21268: mfa.SendBadDestination, // premium rate
	21604: mfa.SendBadDestination, // no To
	21614: mfa.SendBadDestination, // not a mobile number
	21635: mfa.SendBadDestination, // a landline
	30003: mfa.SendBadDestination, // handset out of reach
	30005: mfa.SendBadDestination, // no such handset
	30006: mfa.SendBadDestination, // landline, or a carrier that is not reached

	// Its owner.
	21610: mfa.SendOptedOut, // answered STOP

	// Too much.
	14107: mfa.SendThrottled, // rate of the sender
	20429: mfa.SendThrottled, // requests at once
	21611: mfa.SendThrottled, // the sender's queue is full
	30001: mfa.SendThrottled, // queue overflow
	30022: mfa.SendThrottled, // rate of the campaign, US
	30023: mfa.SendThrottled, // daily cap, US
	63038: mfa.SendThrottled, // daily cap of the account

	// Our account.
	10001: mfa.SendUnauthorized, // not active
	20003: mfa.SendUnauthorized, // credentials
	20005: mfa.SendUnauthorized, // account not active
	20006: mfa.SendUnauthorized, // access denied
	20008: mfa.SendUnauthorized, // test credentials
	21608: mfa.SendUnauthorized, // trial accounts send to verified numbers only
	30002: mfa.SendUnauthorized, // account suspended

	// This message, by this sender.
	21212: mfa.SendRefused, // invalid From
	21408: mfa.SendRefused, // the region is not enabled for the account
	21602: mfa.SendRefused, // no Body
	21603: mfa.SendRefused, // no From
	21606: mfa.SendRefused, // From cannot send there
	21609: mfa.SendRefused, // StatusCallback is no URL that Twilio can call
	21612: mfa.SendRefused, // no route from this From to this To
	21617: mfa.SendRefused, // longer than 1,600 characters
	21659: mfa.SendRefused, // From is no number of Twilio's
	21660: mfa.SendRefused, // From is another account's
	21701: mfa.SendRefused, // no such messaging service
	21703: mfa.SendRefused, // the service has no sender
	30004: mfa.SendRefused, // blocked on the way
	30007: mfa.SendRefused, // filtered
	30008: mfa.SendRefused, // no reason given
	30034: mfa.SendRefused, // unregistered sender, US
}

// twilioStates are the states of outbound messages
// (https://www.twilio.com/docs/messaging/api/message-resource#message-status-values).
var twilioStates = map[string]mfa.DeliveryState{
	"accepted":    mfa.DeliveryOnItsWay,
	"scheduled":   mfa.DeliveryOnItsWay,
	"queued":      mfa.DeliveryOnItsWay,
	"sending":     mfa.DeliveryOnItsWay,
	"sent":        mfa.DeliveryOnItsWay,
	"delivered":   mfa.DeliveryDelivered,
	"read":        mfa.DeliveryDelivered,
	"undelivered": mfa.DeliveryFailed,
	"failed":      mfa.DeliveryFailed,
	"canceled":    mfa.DeliveryFailed,
}
