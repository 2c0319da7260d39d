// Package mfahttp is the JSON API of package mfa over net/http, with what a
// host's own pages and handlers need to take part in it.
//
// # Wiring
//
// The host implements [Host] over its sessions, makes a [Handler] and mounts it:
//
//	h, err := mfahttp.New(mfahttp.Config{Engine: engine, Host: sessions{}, Origin: "https://app.example"})
//	mux.Handle("/mfa/", h)
//	mux.Handle("POST /login", h.Protect(login))
//	mux.Handle("/admin/", h.Require(mfa.Requirement{SecondFactor: true, MaxAge: time.Hour})(admin))
//
// Its login checks the password, asks the engine, and lets the handler answer:
//
//	flow, err := engine.SignIn(ctx, mfa.SignIn{User: user, First: mfa.Password, Client: h.Client(r)})
//	if err != nil {
//		h.WriteError(w, r, err)
//		return
//	}
//	h.WriteFlow(w, r, http.StatusOK, flow)
//
// From there the client talks to the API, which openapi.yaml describes: it reads
// the flow, asks for a challenge, and answers it. [Host.Passed] is called when a
// flow has passed, be it at once, and it alone makes sessions.
//
// # Pages
//
// Package pages has them ready. A host's own, made on the server, use the same
// cookies and the engine directly. A page that asks for a code is
//
//	flow, err := engine.Flow(ctx, h.FlowToken(r))
//
// and the form that it posts, under [Handler.Protect], is
//
//	flow, err := engine.Verify(ctx, h.FlowToken(r), answer, h.Client(r))
//	if err == nil {
//		err = h.Proceed(w, r, flow) // cookies, and Host.Passed if it passed
//	}
//
// [Handler.Caller] is who asks to enrol. [Handler.StepUp] begins a step-up, to
// what [RequirementOf] reads where [Handler.Require] has sent the browser, and
// [ReturnPath] is where it leads afterwards. Pages should send the headers
// Cache-Control: no-store and Referrer-Policy: no-referrer, as the API does.
//
// # Keys and passkeys
//
// [Script], which the handler serves as mfa.js, is the browser's side of them: a
// page imports it, and calls enroll, verify, signIn or autofill. It finds the API
// by its own address. A page's Content-Security-Policy has to allow script-src
// 'self' for the module, and connect-src 'self' for its calls; nothing inline is
// needed. A page that lists the keys calls signal, so that browsers stop offering
// passkeys that were removed.
//
// A login page that lets people sign in by passkey has a button with signIn, and
// autofill beside its field for the user's name, and needs no handler of the
// host's own: [Host.Passed] is called as after any other sign-in. Each showing of
// the page begins a sign-in, so beginning one stores nothing. A passkey
// signs in its own user, whoever was signed in or signing in before. The answer
// to an unknown credential is that to a wrong one.
//
// The relying party of package webauthn and [Config.Origin] have to agree: a key
// is bound to the former, cookies and cross-origin checks to the latter.
//
// # Tokens
//
// A browser keeps the flow's token and its device token in HttpOnly cookies
// with SameSite=Lax; with an https origin they are Secure and have the __Host-
// prefix. A client that is no browser sends Mfa-Client: native with the request
// that begins a flow (a login, a step-up), finds token in the flow's JSON, and
// sends it back as Authorization: Bearer, or as Mfa-Flow where Authorization is
// the host's own. It keeps device_token, when there is one, for good, in place of
// the one before, and sends it as Mfa-Device. Mfa-Client: native is refused from
// browsers (together with Origin or Cookie), and so are a flow's cookie and a token
// in a header together.
//
// A sign-in by passkey has a token until it is finished, which goes the same
// ways: in a cookie of its own, or in the answer of begin and in a header of
// finish. The cookie holds the tokens of the three tabs that began last. Of tabs
// that begin at the very same moment, as when a browser starts with several,
// one may lose its token; what it finishes is refused, and it begins again.
//
// # Devices
//
// The device token names a browser to the account of each user who has passed a whole
// sign-in there. A policy may let it be remembered (remember.days in a flow,
// remember with verify): then signing in there takes the first factor alone, and the
// evidence says so. The token changes where a sign-in begins, and an old one that comes back
// counts as stolen: so every flow goes through [Handler.WriteFlow] or
// [Handler.Proceed], also one that is denied. The calls under devices list the browsers
// and forget them.
//
// # Approving an action
//
// A payment is approved by itself, whatever the session has proved. The client
// calls the host's own route, which begins with [Handler.Redeem] and answers 403
// requirement, missing approval; it asks for stepup with the action's identifier;
// the host, if it is an [Actioner], finds what that is and what it asks for; the
// user sees the text and answers; and the client calls the host's route again. The
// session and its evidence stay as they are, so Host.Passed is not called. An
// approval is redeemed once, for its action and its user, within ten minutes. The
// host's own pages begin with [Handler.Approve].
//
// # Risk
//
// Where the engine scores sign-ins (mfa.Config.Risk), a flow says how this one looks:
// risk, with why more is asked. A stranger who has the password reads that too,
// so it is what was seen, never what is usual for the user. The user's own history
// (activity) has all of it. There the user disputes a sign-in that was somebody else's
// (activity/{id}/dispute): what was learned from it is forgotten, and everybody
// is signed out by Renewed with the zero evidence; a host that is a [Repudiator] is
// told besides, and has the password changed. Nothing that a client says of its
// address counts, but what a trusted proxy saw: see [Config.TrustedProxies].
//
// # Delayed reset
//
// Somebody who has the password and has lost everything else asks for a reset
// (recovery), where the policy grants it. The browser gets a cookie, the ticket
// of the reset, and native clients get ticket in the answer. After the waiting time,
// whoever has the ticket, the password and the link of the mail claims it, and the
// flow that comes in place of the old one asks to enrol.
//
// # Links in security mails
//
// Package notify can put a link into three kinds of mail: [Handler.NoticeURL] of
// what [mfa.Engine.LinkToken] makes. It leads to notice under the prefix, a page that
// says what its button does: undo the account's first enrolment, cancel a delayed
// reset, or claim one. The first two need no session, as they are for people whose
// password somebody else has; a host that is a [Repudiator] is told, to end the
// user's sessions and have the password changed. The third needs the browser that
// asked for the reset, in a sign-in that the password has begun, and leads to
// [Config.LinkDone]; anywhere else the page says so. [Config.Notice] is the page in
// the host's own form and language.
//
// # Links in mails with codes
//
// A link of package emailcode leads to link under the prefix. Opening it shows a
// page with a button and does nothing else, as scanners of mail open links too.
// Pressing the button answers the flow of this browser, and leads to
// [Config.LinkDone]: the host's page, which finds the session made, or the flow
// with what it still asks for. In any other browser the page says to open the
// link where the sign-in began, or to type the code there. Only where the factor
// allows links to be opened anywhere may the button be pressed in any browser. Then the
// one that asked learns of it from its flow (approved), and goes on with
// flow/continue. [Config.Link] is the page in the host's own form and language.
//
// Both pages need a browser that sends Sec-Fetch-Site, as all current ones do:
// they hide their address from everybody, and without that header a form of such a
// page cannot be told from another origin's. Then they say what to do instead.
//
// # Delivery reports
//
// [Config.Reports] are the carriers whose reports are taken at delivery/NAME under
// the prefix. The call takes any body that a carrier sends, and stands outside of
// the check of origins, as carriers have none. What it asks for is the carrier's
// signature, which the [Reporter] checks; whatever a browser sends is refused. A
// report changes one thing, what an option says of its message (delivery), so that
// a person knows whether to wait. It may come by GET, as Kannel can do nothing
// else: this is the one GET that changes anything.
//
// # Promises
//
// Who the user is comes from [Host.Session], or from a flow that asks to enrol;
// a client never names its user. A flow that waits for an answer may do nothing
// but answer, put off what the policy lets it put off, and ask for a reset: it
// cannot list, enrol, rename or remove. GET changes nothing and
// consumes nothing, but for the note that a signed delivery report makes. Writes
// from other origins are refused. Bodies are at most 64 KiB, and strict JSON but
// for the forms of the links' pages and for delivery reports. Nothing that is answered
// may be cached, but for mfa.js, which is the same for everybody.
package mfahttp
