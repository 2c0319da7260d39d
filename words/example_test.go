package words_test

import (
	"fmt"
	"time"

	"github.com/mfakit/mfa/words"
)

func Example() {
	for _, preferred := range []string{"de-AT,de;q=0.9,en;q=0.8", "es", "fr"} {
		l := words.Default().Pick(preferred)
		fmt.Println(l.Tag()+":", l.Text("error.too_soon", "span", 90*time.Second))
	}
	// Output:
	// de: Eben wurde schon eine Nachricht gesendet. Wenn sie nicht ankommt, warten Sie 2 Minuten; dann können Sie eine neue anfordern.
	// es: Se envió un mensaje hace un momento. Si no llega, puede pedir otro dentro de 2 minutos.
	// en: A message was sent a moment ago. If it does not arrive, you can ask for another in 2 minutes.
}

// A host's own words in a language that there is, and the beginning of another.
func ExampleCatalogue_With() {
	own, err := words.Default().With("en", map[string]string{
		"mail.account.password.subject": "{app}: your password is new",
	})
	if err != nil {
		panic(err)
	}
	own, err = own.With("nl", map[string]string{
		"format.minutes": "{n, plural, one {# minuut} other {# minuten}}",
		"sms.code":       "{code} is je code voor {app}. Hij werkt {span}. Geef hem aan niemand.",
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(own.Pick().Text("mail.account.password.subject", "app", "Example"))
	fmt.Println(own.Pick("nl-BE").Text("sms.code", "code", "123456", "app", "Example", "span", 5*time.Minute))

	_, err = own.With("nl", map[string]string{"error.locked": "Probeer het later nog eens."})
	fmt.Println(err)
	// Output:
	// Example: your password is new
	// 123456 is je code voor Example. Hij werkt 5 minuten. Geef hem aan niemand.
	// words: nl: error.locked: it has no {span}
}

// What an enrollment is called.
func ExampleLanguage_Enrollment() {
	l := words.Default().Pick("de")
	fmt.Println(l.Enrollment("totp", "Adas Telefon", ""))
	fmt.Println(l.Enrollment("webauthn", "Security key 2", "")) // a label that the engine has made up
	fmt.Println(l.Enrollment("sms", "", "+47 ••• ••67"))
	// Output:
	// Authenticator-App „Adas Telefon“
	// Sicherheitsschlüssel 2
	// SMS (+47 ••• ••67)
}
