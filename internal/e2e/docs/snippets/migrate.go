package snippets

import (
	"context"
	"io"
	"iter"
	"os"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/migrate"
)

func dryRun(ctx context.Context, engine *mfa.Engine, users func(context.Context, string) (mfa.User, error), file io.Reader, lines io.Writer) (*migrate.Report, error) {
	report, err := migrate.Run(ctx, migrate.Config{
		Importer: engine,
		Users:    users, // the user with an ID that stands in a row; migrate.ErrNoUser if there is none
		Records:  migrate.Convert(migrate.Read[migrate.AuthbossUser](file), migrate.Authboss{}.Record),
		Lines:    lines, // a JSON object for each item: who, what, what became of it
		DryRun:   true,
	})
	return report, err
}

// authbossUser is what a host's user has for authboss.
type authbossUser interface {
	GetPID() string
	GetTOTPSecretKey() string
	GetSMSPhoneNumber() string
	GetRecoveryCodes() string
}

func fromAuthboss(allUsers []authbossUser) iter.Seq2[migrate.Record, error] {
	rows := func(yield func(migrate.AuthbossUser, error) bool) {
		for _, u := range allUsers { // from your storer
			row := migrate.AuthbossUser{PID: migrate.ID(u.GetPID()), TOTPSecretKey: migrate.Secret(u.GetTOTPSecretKey()),
				SMSPhoneNumber: migrate.Secret(u.GetSMSPhoneNumber()), RecoveryCodes: migrate.Secret(u.GetRecoveryCodes())}
			if !yield(row, nil) {
				return
			}
		}
	}
	records := migrate.Convert(rows, migrate.Authboss{}.Record)
	return records
}

func fromAllauth(decrypt func(string) (string, error)) migrate.Allauth {
	from := migrate.Allauth{
		RPID:    "example.com", // the host name of the site, for keys
		Decrypt: decrypt,       // only if your MFA adapter overrides encrypt and decrypt
	}
	return from
}

func fromFortify() (migrate.Fortify, error) {
	key, err := migrate.NewLaravelKey(os.Getenv("APP_KEY")) // and those of APP_PREVIOUS_KEYS
	if err != nil {
		return migrate.Fortify{}, err
	}
	from := migrate.Fortify{Keys: []migrate.LaravelKey{key}}
	return from, nil
}

func byHand(state []byte, created time.Time) migrate.Record {
	record := migrate.Record{User: "7", Source: "legacy", Items: []mfa.ImportItem{
		{ID: "app/1", Method: "totp", State: state, Created: created},
	}}
	return record
}
