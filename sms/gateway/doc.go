// Package gateway holds the senders for text messages: each implements
// mfa.Sender over one HTTP request and needs no vendor's library.
//
//   - [Twilio]: the Messages API.
//   - [Kannel]: the sendsms interface of the open source gateway.
//   - [HTTP]: any other gateway that takes a message by one request, described
//     by templates. The examples show Vonage and MessageBird.
//   - [Fallback]: several of them, by number prefix, and the next one where
//     the first cannot.
//
// A sender is made once and used by any number of goroutines:
//
//	carrier, err := gateway.NewTwilio(gateway.TwilioConfig{
//		AccountSID: sid, AuthToken: token, From: "+15005550006",
//		ReportURL:  "https://login.example.com/mfa/delivery/twilio",
//	})
//
// # What is promised
//
//   - Nothing is sent twice. A sender makes one attempt and never repeats it
//     by itself, not even where a kept connection broke. An error says what is
//     known: after [mfa.SendTimeout] and [mfa.SendBadAnswer] the message may
//     have gone out, after every other reason it has not.
//   - A call ends within Timeout (10 s), answers are read to 64 KiB at most,
//     and redirects are not followed: they could carry number, text and
//     credentials to another host.
//   - Plain http is refused except to this machine, unless InsecureHTTP says
//     otherwise.
//   - No number, text, credential or URL is in an error. What a carrier writes
//     is not quoted, as it often repeats the number; its code is, see
//     [AnswerError]. Senders and their configurations print without secrets.
//   - Only a number in E.164 form is sent to, and only one: all else is
//     [mfa.SendBadDestination] before any connection is made.
//
// # Delivery reports
//
// With ReportURL, the public https URL of the delivery handler for this sender,
// each message that wants a report (mfa.Message.Report) asks its carrier for
// one. The token travels in the callback URL's query member m. The handler hands
// the carrier's request to the sender's Report method, which checks that it is
// genuine ([ErrSignature]) and well-formed ([ErrBadReport]) and says what became
// of which message. Twilio signs its requests. For the others the callback URL
// has a second member k, a code computed from ReportSecret for this one message,
// so that a URL that leaks from a log is good for no other.
//
// Reports come late, twice, in any order, or never, and some networks report a
// delivery that did not happen. They are for telling a person whether to wait;
// nothing else may hang on them.
package gateway
