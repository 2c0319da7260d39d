package snippets

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

func readmeRollout(ctx context.Context, store mfa.Store, ring *mfa.KeyRing, factors []mfa.Factor, file, edited []byte, next *policy.Policy, everybody iter.Seq2[mfa.User, error], page io.Writer) error {
	rollout, err := policy.ParseFor(file, []string{"totp", "webauthn", "sms", "recovery"}) // wrong: the line, and why
	if err != nil {
		return err
	}
	live, err := policy.NewLive(rollout, []string{"totp", "webauthn", "sms", "recovery"})
	if err != nil {
		return err
	}
	m, err := mfa.New(mfa.Config{Store: store, Keys: ring, Factors: factors, Policy: live})
	if err != nil {
		return err
	}

	report, err := policy.Preview(ctx, policy.PreviewConfig{Engine: m, Policy: next, Users: everybody, At: next.Times(time.Now())})
	if err != nil {
		return err
	}
	err = report.WriteHTML(page) // who would be asked, must enrol, or would be locked out, at each date
	if err != nil {
		return err
	}
	err = live.Replace(edited) // from now on; what is wrong changes nothing
	return err
}
