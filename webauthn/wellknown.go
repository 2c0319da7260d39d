package webauthn

import (
	"encoding/json"
	"net/http"
	"strings"
)

// WellKnown serves the list of related origins (WebAuthn Level 3 §5.11), to be
// mounted at https://ID/.well-known/webauthn of rp.ID: those of rp.Origins that
// are https. So the list that browsers see is the list that is accepted.
func WellKnown(rp RelyingParty) http.Handler {
	list := struct {
		Origins []string `json:"origins"`
	}{[]string{}}
	for _, o := range rp.Origins {
		if strings.HasPrefix(o, "https://") {
			list.Origins = append(list.Origins, o)
		}
	}
	body, err := json.Marshal(list)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case err != nil: // strings always marshal
			http.Error(w, "internal error", http.StatusInternalServerError)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write(body)
		}
	})
}
