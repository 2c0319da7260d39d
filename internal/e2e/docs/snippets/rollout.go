package snippets

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// tryOut says what a plan would mean for everybody.
func tryOut(ctx context.Context, out io.Writer, file []byte, kinds []mfa.Method, engine *mfa.Engine, everybody iter.Seq2[mfa.User, error], now time.Time) error {
	plan, err := policy.ParseFor(file, []string{"webauthn", "totp", "sms", "email", "recovery"}) // wrong: the line, and why
	if err != nil {
		return err
	}
	for _, f := range policy.Lint(plan, kinds) {
		fmt.Fprintln(out, f) // what it says and cannot mean
	}
	report, err := policy.Preview(ctx, policy.PreviewConfig{
		Engine: engine, Policy: plan, Users: everybody, At: plan.Times(now), Groups: plan.CohortsOf,
	})
	if err != nil {
		return err
	}
	for _, f := range report.Times {
		fmt.Fprintf(out, "%-11s  let in %3d  may put off %3d  must enrol %3d  denied services %2d  locked out %d\n",
			f.At.Format("2 January"), f.Total.Passed, f.Total.MayPutOff, f.Total.MustEnroll, f.Total.DeniedServices, f.Total.LockedOut)
	}
	return nil
}

// carryOut begins with a policy, and goes on with the one in mfa.json.
func carryOut(store mfa.Store, keys *mfa.KeyRing, factors []mfa.Factor, nobody *policy.Policy) (*mfa.Engine, *policy.Live, error) {
	live, err := policy.NewLive(nobody, []string{"webauthn", "totp", "sms", "email", "recovery"})
	if err != nil {
		return nil, nil, err
	}
	engine, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: factors, Policy: live})
	if err != nil {
		return nil, nil, err
	}
	err = live.ReplaceFile("mfa.json") // on SIGHUP
	return engine, live, err
}
