// Package webauthn is the factor for security keys and passkeys (Web
// Authentication Level 3), as a second factor and as a whole sign-in.
//
//	keys, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{
//		ID: "example.com", Name: "Example", Origins: []string{"https://www.example.com"},
//	}})
//	m, err := mfa.New(mfa.Config{Store: …, Keys: …, Factors: []mfa.Factor{keys}, Users: …})
//
// A ceremony has two halves. The factor makes a challenge, [*RegistrationChallenge]
// or [*AssertionChallenge], whose publicKey goes to the browser as it is:
//
//	const made = await navigator.credentials.create({publicKey:
//		PublicKeyCredential.parseCreationOptionsFromJSON(challenge.publicKey)})
//	send(made.toJSON())
//
// What comes back is mfa.Answer.Credential.
//
// # What to choose
//
// The defaults are right for most: any authenticator, user verification where it
// is to be had, no attestation. A proof with user verification (a PIN, a
// fingerprint) is two factors by itself; one without is something that the user has.
//
//   - Config.UserVerification: [Required] where a key alone should always be two
//     factors. Old U2F keys cannot do it, and are shut out.
//   - Config.Apps: several brands on domains that have nothing in common. Users
//     register once with each. Related origins are the other way: one RP ID for
//     all, whose list [WellKnown] serves.
//   - Config.Attestation, Allow, Deny: which models are accepted. It is for
//     companies that hand out keys. Passkeys of phones and password managers
//     cannot prove what they are, so that Demand shuts them out.
//
// # What is promised
//
//   - A challenge has 32 random bytes, is good for five minutes and for one
//     right answer. In a flow a wrong one ends it too (mfa.Method.OneShot); in a
//     sign-in by passkey not, as nothing is stored of strangers.
//   - Nothing of the answer decides what is required of it. That stands in the
//     pending state: challenge, user verification, credentials, algorithms.
//   - Answers are read strictly, before anything else sees them: JSON without
//     doubled names, base64url with one spelling, CBOR in CTAP2's canonical form
//     within bounds, keys on their curves. Origins are compared letter by letter.
//   - A wrong answer is an mfa.NotValidError that does not say why, and no error
//     quotes an answer.
//   - A sign counter that goes back is refused, with an alarm ([CounterPolicy]).
//   - Whether a credential can be backed up never changes; such a credential
//     never counts as bound to its device.
//   - A user handle has 64 random bytes and nothing of the user in it.
//
// # What is stored
//
// A [State] for each credential, which is go-webauthn's own record with a few
// members more; the user handle, for each user; and for each registration its
// attestation, as go-webauthn's CredentialAttestation, in the enrollment's
// attachment, for [Factor.Recheck]. Credentials from elsewhere come in by
// EnrollParams.Import.
//
// # Whose work it is
//
// Parsing of keys and verification of signatures, most attestation formats and
// the records are github.com/go-webauthn/webauthn's. Where that leaves room, this
// package is stricter.
//
// Three things come from there that a host may notice. The formats apple and
// android-key lead to the roots of Apple and Google that are built in, whatever
// Attestation.Roots says. The certificates of the formats tpm, apple, android-key and android-safetynet
// are held to the machine's clock, where all else is to mfa.Config.Now. And a
// TPM has to be of a maker on its list.
package webauthn
