package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// FallbackConfig says which senders serve which numbers.
type FallbackConfig struct {
	// Routes by the beginning of a number in E.164 form, plus sign included:
	// a country ("+49"), or a part of one ("+1242"). The longest that fits
	// decides, and its senders alone serve the number, in this order.
	Routes map[string][]mfa.Sender

	// Default serves numbers without a route; empty: they are refused.
	Default []mfa.Sender

	// AfterTimeout tries the next sender also where the message may have gone
	// out: after a time-out, a connection that broke, an answer that is not
	// understood. The person may get two messages, and two are paid for. Each
	// sender then has an equal share of the time that is left.
	AfterTimeout bool
}

// A Fallback is a sender over several: it chooses them by the number's prefix,
// and tries the next one after an error that another sender could mend. It may be
// used by any number of goroutines. Reports go to the senders' own URLs.
type Fallback struct {
	routes       map[string][]mfa.Sender
	longest      int // of the prefixes, in bytes
	otherwise    []mfa.Sender
	afterTimeout bool
}

var _ mfa.Sender = (*Fallback)(nil)

// NewFallback returns the sender, or an error that names what is wrong.
func NewFallback(c FallbackConfig) (*Fallback, error) {
	f := &Fallback{routes: map[string][]mfa.Sender{}, otherwise: slices.Clone(c.Default), afterTimeout: c.AfterTimeout}
	if len(c.Routes) == 0 && len(c.Default) == 0 {
		return nil, errors.New("gateway: Fallback has no senders")
	}
	for _, prefix := range slices.Sorted(maps.Keys(c.Routes)) {
		digits, plus := strings.CutPrefix(prefix, "+")
		if !plus || !isDigits(digits) || digits[0] == '0' || len(digits) > maxDigits {
			return nil, fmt.Errorf("gateway: Routes[%q] is not a plus sign and digits", prefix)
		}
		if len(c.Routes[prefix]) == 0 || slices.Contains(c.Routes[prefix], nil) {
			return nil, fmt.Errorf("gateway: Routes[%q] has no sender, or a nil one", prefix)
		}
		f.routes[prefix] = slices.Clone(c.Routes[prefix])
		f.longest = max(f.longest, len(prefix))
	}
	if slices.Contains(c.Default, nil) {
		return nil, errors.New("gateway: Default has a nil sender")
	}
	return f, nil
}

// Send hands m to the first sender that takes it. The error is a
// [*mfa.SendError]; where several senders failed, its reason is that of the last
// one, or of the one after which the message may have gone out, and it can be
// tried again where one of them said so.
func (f *Fallback) Send(ctx context.Context, m mfa.Message) (string, error) {
	if err := check(m); err != nil {
		return "", err
	}
	senders := f.senders(m.To)
	if len(senders) == 0 {
		return "", ours(mfa.SendRefused, "no sender serves this number")
	}
	var failed *mfa.SendError
	for i, s := range senders {
		ref, err := f.try(ctx, s, len(senders)-i, m)
		if err == nil {
			return ref, nil
		}
		e := sendError(err)
		failed = merge(failed, e)
		if !e.Elsewhere || mayBeOut(e.Reason) && !f.afterTimeout || ctx.Err() != nil {
			break
		}
	}
	return "", failed
}

// senders are those of the longest prefix that fits.
func (f *Fallback) senders(to string) []mfa.Sender {
	for n := min(f.longest, len(to)); n > 1; n-- {
		if s, ok := f.routes[to[:n]]; ok {
			return s
		}
	}
	return f.otherwise
}

// try gives one sender its time: all that is left, or where a time-out is not
// the end, its share of it.
func (f *Fallback) try(ctx context.Context, s mfa.Sender, left int, m mfa.Message) (string, error) {
	end, ok := ctx.Deadline()
	if !f.afterTimeout || !ok || left == 1 {
		return s.Send(ctx, m)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
	defer cancel()
	return s.Send(ctx, m)
}

// sendError takes an error of another kind for the worst: the message may have
// gone out.
func sendError(err error) *mfa.SendError {
	var e *mfa.SendError
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fail(mfa.SendTimeout, err)
	}
	return fail(mfa.SendBadAnswer, err)
}

// merge is what is told after two senders failed.
func merge(first, then *mfa.SendError) *mfa.SendError {
	if first == nil {
		return then
	}
	e := *then
	if mayBeOut(first.Reason) && !mayBeOut(then.Reason) {
		e.Reason = first.Reason
	}
	e.Retry = first.Retry || then.Retry
	switch {
	case first.Retry && then.Retry:
		e.After = min(first.After, then.After)
	case first.Retry:
		e.After = first.After
	}
	e.Err = errors.Join(first, then)
	return &e
}
