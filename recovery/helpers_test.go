package recovery

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
)

// cheap makes sets whose digests cost nothing to speak of.
func cheap(t testing.TB) *Factor {
	t.Helper()
	f, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	f.cost = Argon2id{Time: 1, Memory: 8, Threads: 1}
	return f
}

func enroll(t testing.TB, f *Factor, id string) (codes []string, state []byte) {
	t.Helper()
	step, err := f.Enroll(context.Background(), mfa.EnrollRequest{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	if step.Done == nil || step.Done.Remaining != 10 || len(step.Codes) != 10 {
		t.Fatalf("got %d codes, Done %v", len(step.Codes), step.Done != nil)
	}
	return step.Codes, step.Done.State
}

func guess(f *Factor, state []byte, typed string, slow mfa.SlowFunc) (mfa.Verified, error) {
	return f.Verify(context.Background(), mfa.VerifyRequest{
		Purpose:     mfa.ForAuthentication,
		Enrollments: []mfa.Enrolled{{ID: "set1", State: state}},
		Answer:      mfa.Answer{Code: typed},
		Slow:        slow,
	})
}

func decode(t testing.TB, state []byte) State {
	t.Helper()
	var s State
	if err := json.Unmarshal(state, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// A request is what the engine gives a factor for one request: an answer is
// computed once for each name.
type request struct {
	mu    sync.Mutex
	known map[string][]byte
	names []string // of what was computed
}

func (r *request) slow(_ context.Context, name string, compute func() ([]byte, error)) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.known[name]; ok {
		return b, nil
	}
	b, err := compute()
	if err != nil {
		return nil, err
	}
	if r.known == nil {
		r.known = map[string][]byte{}
	}
	r.known[name] = b
	r.names = append(r.names, name)
	return b, nil
}
