package otelmfa

import (
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// routes are the calls of package mfahttp, below its prefix; a * stands for one segment.
var routes = []struct{ pattern, name string }{
	{"/flow", "/flow"},
	{"/flow/challenge", "/flow/challenge"},
	{"/flow/verify", "/flow/verify"},
	{"/flow/continue", "/flow/continue"},
	{"/flow/skip", "/flow/skip"},
	{"/enrollments", "/enrollments"},
	{"/enrollments/*", "/enrollments/{id}"},
	{"/enrollments/*/challenge", "/enrollments/{id}/challenge"},
	{"/enrollments/*/activate", "/enrollments/{id}/activate"},
	{"/recovery-codes", "/recovery-codes"},
	{"/stepup", "/stepup"},
	{"/devices", "/devices"},
	{"/devices/*", "/devices/{id}"},
	{"/recovery", "/recovery"},
	{"/recovery/cancel", "/recovery/cancel"},
	{"/recovery/claim", "/recovery/claim"},
	{"/passkey/begin", "/passkey/begin"},
	{"/passkey/finish", "/passkey/finish"},
	{"/passkey/signals", "/passkey/signals"},
	{"/activity", "/activity"},
	{"/activity/*/dispute", "/activity/{id}/dispute"},
	{"/mfa.js", "/mfa.js"},
	{"/link", "/link"},
	{"/notice", "/notice"},
	{"/delivery/*", "/delivery/{sender}"},
}

// requestMethods are those of the OpenTelemetry conventions that the API can answer.
var requestMethods = wordsOf(http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions)

// routeOf is the route of a path below the prefix. A path that is none of the API is other:
// whoever asks could make up any number of them.
func routeOf(path string) string {
	for _, r := range routes {
		if matches(r.pattern, path) {
			return r.name
		}
	}
	return ""
}

func matches(pattern, path string) bool {
	for {
		want, restWanted, more := strings.Cut(pattern, "/")
		have, rest, further := strings.Cut(path, "/")
		if want != have && (want != "*" || have == "") || more != further {
			return false
		}
		if !more {
			return true
		}
		pattern, path = restWanted, rest
	}
}

// Handler is next, which serves the API of package mfahttp under a prefix ("/mfa"),
// measured: a span and a duration for each request, by route and status. A program that
// has a handler of OpenTelemetry's own puts that outside; the span here is then a part of
// its span. Requests for other paths are passed on, and told as route "other".
func (t *Telemetry) Handler(prefix string, next http.Handler) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, route := requestMethods.of(r.Method), other
		if path, below := strings.CutPrefix(r.URL.Path, prefix); below {
			if known := routeOf(path); known != "" {
				route = prefix + known
			}
		}
		list := []attribute.KeyValue{keyHTTPMethod.String(method), keyRoute.String(route)}
		ctx, calls := withTally(r.Context())
		ctx, span := t.begin(ctx, method+" "+route, trace.SpanKindInternal, list...)
		out := &answer{ResponseWriter: w}
		begun := time.Now()
		defer func() {
			status := out.code()
			list = append(list, keyHTTPStatus.Int(status))
			t.m.request.Record(ctx, time.Since(begun).Seconds(), with(list...))
			span.SetAttributes(append(calls.attributes(), keyHTTPStatus.Int(status))...)
			if status >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}()
		next.ServeHTTP(out, r.WithContext(ctx))
		out.done = true
	})
}

// answer notes the status of an answer.
type answer struct {
	http.ResponseWriter
	status int
	done   bool // the handler has not panicked
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK { // what is below is on the way
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// code is the status that the client was, or will be, told.
func (a *answer) code() int {
	switch {
	case a.status != 0:
		return a.status
	case a.done:
		return http.StatusOK
	}
	return http.StatusInternalServerError
}
