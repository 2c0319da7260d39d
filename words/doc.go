// Package words is what people read: the messages of mails, text messages, errors,
// risk reasons and pages, in English, Arabic, German and Spanish.
//
//	l := words.Default().Pick(user.Language, r.Header.Get("Accept-Language"))
//	l.Text("error.locked", "span", 5*time.Minute)
//
// The packages that write to people take a [Catalogue] and say in which language they
// do (Config.Words and Config.Locale of notify, emailcode and sms). A host gives them
// one with its own words, or with one language more; see [Catalogue.With].
//
// # Messages
//
// A message has an id that never changes ("mail.account.reset.subject") and a text for
// each language. Texts are a subset of ICU's message format:
//
//	{name}                                          the value of a variable
//	{n, plural, =0 {none} one {# code} other {# codes}}   by number; # is the number
//	{by, select, support {…} other {…}}             by word
//	{place, select, empty {…} other {in {place}}}   empty: the value is the empty text
//	{code, country}                                 the country with an ISO 3166-1 code
//	{code, country, sentence}                       the same, as in a sentence ("the Netherlands")
//
// They can stand within each other, every choice has an other, and a plural has all
// the forms that its language needs (CLDR: zero, one, two, few, many, other). An
// apostrophe is itself but before a brace, and in a plural before #, where it begins
// a quotation: '{'. Two are one.
//
// Numbers are written in the digits 0 to 9, as codes are. In languages written from
// right to left, each value that is no number is kept in its own direction by invisible
// marks (FSI and PDI of UAX #9), and so is a value in such a script elsewhere. A value
// is never part of the syntax.
//
// # Ids
//
// They are in the files LANG/NAME.json, all of one file beginning alike: mail.EVENT.subject
// (what, advice, link) of the notices by their event type; codes.… of mailed codes;
// sms.…; method.NAME; label.… of the names that enrollments have before their users
// name them; error.CODE of the problems of package mfahttp, error.refused.REASON,
// error.delivery.REASON, error.denied.REASON, error.missing.WHAT; risk.CODE and
// risk.CODE.usual of risk reasons; country.CODE; page.… of package mfahttp/pages;
// format.… of times, spans, lists and numbers. The names of countries are those of
// Unicode CLDR, with a few that are newer.
package words
