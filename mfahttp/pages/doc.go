// Package pages is what people see of package mfahttp: the question at a sign-in,
// setting something up, and the settings, as pages that a server makes.
//
// # Wiring
//
// The host mounts them beside the API, and hands over where its own login has found the
// password right:
//
//	p, err := pages.Mount(mux, mfahttp.Config{Engine: engine, Host: sessions{}, Origin: "https://app.example"},
//		pages.Config{App: "Example", SignIn: "/login", SignOut: "/logout"})
//
//	p.SignIn(w, r, mfa.SignIn{User: user, First: mfa.Password}, "/") // asks, or leads on
//
// [Mount] is for a ServeMux. With any other router, make the two by [mfahttp.New] and
// [New], and have the API's StepUpPage and LinkDone lead to confirm and continue below
// [Config.Prefix]. A flow that the host has begun itself goes to [Pages.Proceed].
//
// They need no build step, load nothing from elsewhere, and work without JavaScript,
// but for security keys and passkeys, which browsers give to scripts alone. With it,
// forms are sent without loading the page anew, pauses are counted down, and codes
// are taken from text messages where browsers can.
//
// # Passkeys
//
// People who sign in by a passkey alone do so on the host's own page, which shows what
// [Pages.Passkey] makes: a button with its script. Where the page has a field with
// autocomplete="username webauthn", browsers suggest passkeys in it as well.
//
//	part, err := p.Passkey(r, mfahttp.ReturnPath(r))
//	loginPage.Execute(w, data{Passkey: part})
//
// # Words
//
// What they say comes from package words, in the language that [Config.Language]
// names or the browser asks for. A host changes single messages, or adds a
// language, by [words.Catalogue.With].
//
// # Looks
//
// One stylesheet with custom properties; [Theme] sets the ones that a brand has an
// opinion on. [Config.Frame] puts the pages into the host's own layout. Each template
// can be replaced by a file of the same name in [Config.Templates]; [Templates] are
// the built-in ones, to copy from.
//
// # Headers
//
// Pages carry a Content-Security-Policy without inline scripts and styles, unless the
// host's middleware has set one already, which must then allow 'self' for scripts,
// styles and connections, and data: for images (QR codes); and a Permissions-Policy
// that lets this origin use security keys. They are never cached.
package pages
