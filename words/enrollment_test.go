package words

import "testing"

func TestEnrollmentsAndLabels(t *testing.T) {
	for _, c := range []struct{ tag, method, label, hint, want, labelled string }{
		{"en", "totp", "Ada's phone", "", "Authenticator app “Ada's phone”", "Ada's phone"},
		{"en", "sms", "", "•• 34", "Text message (•• 34)", ""},
		{"en", "totp", "Authenticator app", "", "Authenticator app", "Authenticator app"},
		{"en", "totp", "Authenticator app 2", "", "Authenticator app 2", "Authenticator app 2"},
		{"de", "totp", "Authenticator app 2", "", "Authenticator-App 2", "Authenticator-App 2"},
		{"de", "webauthn", "Passkey 12", "", "Passkey 12", "Passkey 12"},
		{"es", "webauthn", "Security key", "", "Llave de seguridad", "Llave de seguridad"},
		{"es", "email", "E-mail", "a•••@example.com", "Correo electrónico (a•••@example.com)", "Correo electrónico"},
		{"de", "webauthn", "Passkey2", "", "Sicherheitsschlüssel oder Passkey „Passkey2“", "Passkey2"},
		{"de", "webauthn", "YubiKey 5 NFC", "", "Sicherheitsschlüssel oder Passkey „YubiKey 5 NFC“", "YubiKey 5 NFC"},
		{"de", "sms", "7", "", "SMS „7“", "7"}, {"de", "sms", " 7", "", "SMS „ 7“", " 7"},
		{"en", "pigeon", "", "", "pigeon", ""}, {"en", "", "", "", "Second step", ""}, {"de", "", "x", "", "Zweiter Schritt „x“", "x"},
		{"ar", "totp", "Ada", "", "تطبيق المصادقة «\u2068Ada\u2069»", "Ada"}, {"ar", "pigeon", "", "", "\u2068pigeon\u2069", ""},
		{"ar", "totp", "Authenticator app 2", "", "تطبيق المصادقة 2", "تطبيق المصادقة 2"},
	} {
		l := Default().Pick(c.tag)
		if got := l.Enrollment(c.method, c.label, c.hint); got != c.want {
			t.Errorf("%s: %s %q is %+q, want %+q", c.tag, c.method, c.label, got, c.want)
		}
		if got := l.Label(c.label); got != c.labelled {
			t.Errorf("%s: %q is labelled %q, want %q", c.tag, c.label, got, c.labelled)
		}
	}
}
