package snippets

import (
	"log/slog"
	"os"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
)

func audited(config mfa.Config, log *slog.Logger) (mfa.Config, error) {
	trail, err := os.OpenFile("mfa-audit.jsonl", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return config, err
	}
	config.Observers = append(config.Observers, audit.JSON(trail), audit.Slog(log.Handler()))
	return config, nil
}
