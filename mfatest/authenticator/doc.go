// Package authenticator is a security key, a phone's passkeys, or Windows
// Hello, for the tests of programs that use package webauthn: in code, without a
// browser. It answers what a server sends as a browser would, with real keys and
// real signatures, so that nothing of the program under test has to be told that
// it is being tested.
//
// A host that serves mfahttp's API, or one of its own, passes on what came over
// the wire:
//
//	key := authenticator.New(authenticator.Options{Origin: "https://www.example.com"})
//
//	// POST /mfa/enrollments {"method":"webauthn"} answered this:
//	credential, err := key.Create(body)
//	// POST /mfa/enrollments/{id}/activate {"credential": credential}
//
//	// POST /mfa/flow/challenge {"option": option} answered this:
//	credential, err = key.Get(body)
//	// POST /mfa/flow/verify {"option": option, "credential": credential}
//
// A host that calls the engine itself has it shorter, with [Authenticator.Enroll],
// [Authenticator.Answer] and [Authenticator.SignIn]; the example of this package
// is a whole test of that kind.
//
// # Which kind to take
//
// Options{Origin} is a security key with a PIN. What people have besides:
//
//   - Synced: passkeys of a phone or a password manager. They are on several
//     devices, have no sign counter, and never count as bound to one.
//   - Platform: Windows Hello, or Touch ID on one machine.
//   - NoUserVerification: a key without a PIN, which proves possession alone.
//   - NoPasskeys: an older key, for a second factor only.
//
// # What a test should try
//
//   - Enrol the same key twice: [ErrExcluded].
//   - Use one on another site, a page whose origin is not the RP ID's, or through
//     [Authenticator.At] on a look-alike: [ErrSecurity] or [ErrNoCredential].
//   - [Authenticator.Clone] one, sign in with both, and see the counter's alarm.
//   - [Authenticator.Forget] a credential: the server still asks for it, and the
//     person needs another way in.
//   - Refuse a model: Options.AAGUID. Demand an attestation: [NewMaker], whose
//     Roots the server trusts, or does not.
//
// # What it leaves out
//
// It asks nobody: whatever a person would have to allow is allowed. It knows of
// the algorithms ES256 and RS256, of the extension credProps and no other, takes
// no notice of hints, timeouts and mediation, and does not have the list of
// domains that are open to anybody.
//
// The package is for tests alone: nothing of it belongs in a program. It is a
// module of its own, so that nobody else fetches what it is made of.
package authenticator
