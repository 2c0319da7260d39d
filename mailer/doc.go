// Package mailer sends the mails of this module by SMTP: an [mfa.Sender] for
// codes and for notices of security changes.
//
//	mails, err := mailer.New(mailer.Config{
//		Addr:     "smtp.example.com:587",
//		From:     "Example <no-reply@example.com>",
//		Username: "example",
//		Password: os.Getenv("SMTP_PASSWORD"),
//	})
//	defer mails.Close()
//
// # The connection
//
// Mails carry codes, so nothing is sent in the clear: STARTTLS is demanded, with
// a certificate for the server's name, and port 465 speaks TLS from the first
// byte. A server that offers no TLS gets no mail, and no password. Only a test
// server on this machine may be spoken to without, by InsecurePlaintext.
//
// Connections are kept for a while and used again, a few at a time. One that
// broke while it was idle is replaced by a new one, but only as long as no part
// of the message was sent: what may have gone out is never repeated
// here. It is told as mfa.SendTimeout or mfa.SendBadAnswer, and whoever asked
// decides.
//
// # The message
//
// One message goes to one address. Its Message-ID is made of mfa.Message.ID and
// the domain of From, so that the copies of a message that was tried twice are
// recognised as one by mail programs. Text and HTML are two forms of the same
// (multipart/alternative), and Auto-Submitted keeps automatic replies away.
//
// What a mail is made of may come from strangers: names, labels, addresses. An
// address is taken in its plainest form only, see [CheckAddress]; a subject
// loses line breaks, control characters and whatever turns or hides text; bodies
// are encoded, so that no line in them is a command.
//
// # Errors
//
// They are [*mfa.SendError], and say which step failed and by which reply code.
// They never hold the server's words, which often repeat the address, and
// nothing of the message.
//
//	step, reply                                  reason           retry  elsewhere
//	no connection, no TLS, broken off before     unreachable      yes    yes
//	the message was sent
//	a certificate that is not trusted            unreachable      no     yes
//	password refused (530, 534, 535, 538, 5.7.8) unauthorized     no     yes
//	RCPT: 550, 551, 553, or 5.1.x, 5.2.x         bad_destination  no     no
//	any other 5xx                                refused          no     yes
//	421, 432, 451, 454, 4.3.x, 4.4.x             unreachable      yes    yes
//	any other 4xx, a grey list for one           throttled        yes    yes
//	no answer to the message                     timeout          yes    no
//	broken off, or no SMTP, after the message    bad_answer       yes    no
//
// An address that is refused here is bad_destination too, without a connection.
//
// Many servers take a message first and send it back later if there is no such
// mailbox: that it was taken does not mean that it arrived.
package mailer
