package audit

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/mfakit/mfa"
)

// Slog makes an observer that hands each event to h as a record: its time is the
// event's, its level [Level]'s, its message "mfa: " and the type, and the members
// that the package comment names, less the time, are in a group "mfa". Characters
// that cannot be seen are escaped as in Go source.
//
// An event below the level that h is enabled for is not recorded, and counts as
// taken: a trail needs a handler that takes everything. What h returns as an
// error has a security notice offered again.
//
// It panics if h is nil. A logger's is Logger.Handler.
func Slog(h slog.Handler) mfa.Observer {
	if h == nil {
		panic("audit: Slog has no handler")
	}
	return records{h}
}

// records makes a record of each event.
type records struct{ handler slog.Handler }

// Observe implements [mfa.Observer].
func (r records) Observe(ctx context.Context, e mfa.Event) error {
	level := Level(e)
	if !r.handler.Enabled(ctx, level) {
		return nil
	}
	group := escaped(members(e))
	record := slog.NewRecord(e.Time.UTC(), level, "mfa: "+visible(string(e.Type)), 0)
	record.AddAttrs(slog.Attr{Key: "mfa", Value: slog.GroupValue(group...)})
	if err := r.handler.Handle(ctx, record); err != nil {
		return fmt.Errorf("audit: not logged: %w", err)
	}
	return nil
}

// escaped is members whose texts are all visible.
func escaped(list []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(list))
	for i, m := range list {
		switch out[i] = m; m.Value.Kind() {
		case slog.KindString:
			out[i].Value = slog.StringValue(visible(m.Value.String()))
		case slog.KindGroup:
			out[i].Value = slog.GroupValue(escaped(m.Value.Group())...)
		case slog.KindAny:
			var reasons []reason
			for _, r := range m.Value.Any().([]reason) { // there is nothing else
				reasons = append(reasons, reason{visible(r.Code), r.Weight})
			}
			out[i].Value = slog.AnyValue(reasons)
		}
	}
	return out
}

// levels are those that do not follow from Event.Notice.
var levels = map[mfa.EventType]slog.Level{
	// Somebody has to look now: stored state, a key or a token may be in other
	// hands, or the whole system is under attack.
	mfa.EventRollbackSuspected: slog.LevelError,
	mfa.EventCloneSuspected:    slog.LevelError,
	mfa.EventSystemFailures:    slog.LevelError,
	mfa.EventSendStopped:       slog.LevelError,

	// Refusals, failures, and limits that were met.
	mfa.EventFailed:          slog.LevelWarn,
	mfa.EventLocked:          slog.LevelWarn,
	mfa.EventFlowDenied:      slog.LevelWarn,
	mfa.EventChallengeUnsent: slog.LevelWarn,
	mfa.EventSendLimit:       slog.LevelWarn,
	mfa.EventSendBudget:      slog.LevelWarn,
	mfa.EventNetworkFailures: slog.LevelWarn,
	mfa.EventDeviceReused:    slog.LevelWarn,
	mfa.EventErased:          slog.LevelWarn,

	// Steps on the way; how it ended is told by another event.
	mfa.EventFlowStarted:   slog.LevelDebug,
	mfa.EventChallengeSent: slog.LevelDebug,
	mfa.EventVerified:      slog.LevelDebug,

	// Notices that are everyday, or come in thousands.
	mfa.EventDeviceRemembered: slog.LevelInfo,
	mfa.EventImported:         slog.LevelInfo,
}

// Level is how much an event matters to whoever runs the service, close to the OWASP
// logging vocabulary:
//
//   - error: a suspected rollback, a key or a remembered browser that may be copied,
//     many failures over all, sending that was stopped;
//   - warn: wrong answers, locks, denials, messages that were not sent, budgets that
//     are used up, failures from one network, an erased account, and security notices;
//   - debug: a flow began, a message went out, one of its answers was right;
//   - info: all else, such as a sign-in that passed, a browser that is remembered and
//     an enrollment that was imported.
//
// A type that this package does not know is warn if it is a notice, else info.
func Level(e mfa.Event) slog.Level {
	if e.Type == mfa.EventDeviceReused && e.Notice {
		return slog.LevelError // a browser that is only known may just have been restored
	}
	if level, ok := levels[e.Type]; ok {
		return level
	}
	if e.Notice {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
