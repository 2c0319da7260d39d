package pages

// setupRoutes are the pages by which somebody sets something up: a session, or a sign-in
// that asks for it. What a form answers with is not to be loaded again: its address leads
// to where the set-up begins.
var setupRoutes = map[string]page{
	"GET /setup":          begins((*visit).choose),
	"GET /setup/more":     (*visit).more,
	"GET /setup/app":      begins((*visit).appPage),
	"POST /setup":         posts((*visit).beginApp, (*visit).startApp),
	"GET /setup/confirm":  toSetup("/setup/app"),
	"POST /setup/confirm": posts((*visit).finishApp, (*visit).startApp),
	"GET /setup/key":      begins((*visit).keyPage),
	"POST /setup/key":     posts((*visit).finishKey, (*visit).startKey),

	"GET /setup/sms":          begins(texts.page),
	"POST /setup/sms":         posts(texts.begin, texts.start),
	"GET /setup/sms/resend":   toSetup("/setup/sms"),
	"POST /setup/sms/resend":  posts(texts.resend, texts.start),
	"GET /setup/sms/confirm":  toSetup("/setup/sms"),
	"POST /setup/sms/confirm": posts(texts.finish, texts.start),

	"GET /setup/email":          begins(mails.page),
	"POST /setup/email":         posts(mails.begin, mails.start),
	"GET /setup/email/resend":   toSetup("/setup/email"),
	"POST /setup/email/resend":  posts(mails.resend, mails.start),
	"GET /setup/email/confirm":  toSetup("/setup/email"),
	"POST /setup/email/confirm": posts(mails.finish, mails.start),
}
