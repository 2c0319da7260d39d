package demo_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// together sends n requests at one moment and counts what came back, as
// "200", or "401 code_not_valid". Who is told that the demo is busy, as it is on
// a slow machine, tries again: nothing was looked at.
func together(t testing.TB, n int, send func(i int) (reply, error)) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	barrier := make(chan struct{})
	counts := map[string]int{}
	for i := range n {
		all.Go(func() {
			<-barrier
			r, err := send(i)
			for err == nil && r.status == http.StatusServiceUnavailable && r.code() == "busy" {
				r, err = send(i)
			}
			what := ""
			if err != nil {
				what = err.Error()
			} else {
				what = strings.TrimSpace(fmt.Sprint(r.status, " ", r.code()))
			}
			mu.Lock()
			defer mu.Unlock()
			counts[what]++
		})
	}
	close(barrier)
	all.Wait()
	return counts
}

// twin is another connection of the same browser, with cookies of its own from
// then on, so that what one answer sets the others do not send.
func (c *client) twin(t testing.TB) *client {
	d := c.app.client(t)
	for _, name := range []string{"session", "mfa-flow", "mfa-device"} {
		if v := c.cookie(name); v != "" {
			d.setCookie(name, v)
		}
	}
	return d
}

// wantOnce checks that one of many equal answers was taken, and that the
// others were refused as they should be.
func wantOnce(t testing.TB, counts map[string]int, n int) {
	t.Helper()
	rest := maps.Clone(counts)
	delete(rest, "200")
	sum := 0
	for _, refusal := range []string{"401 code_not_valid", "410 flow_expired", "410 enrollment_expired", "404 no_enrollment", "429 locked"} {
		sum += rest[refusal]
		delete(rest, refusal)
	}
	if counts["200"] != 1 || len(rest) != 0 || sum != n-1 {
		t.Errorf("%d equal answers: %v", n, counts)
	}
}

const crowd = 200

func TestC02_A06_OneCodeOneFlow(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	c := p.elsewhere()
	f := p.login(c)
	body := js{"option": f.option(t, "totp"), "code": p.phone.next()}
	twins := make([]*client, crowd)
	for i := range twins {
		twins[i] = c.twin(t)
	}
	wantOnce(t, together(t, crowd, func(i int) (reply, error) { return twins[i].try("POST", "/mfa/flow/verify", body) }), crowd)
	signedIn := 0
	for _, d := range twins {
		if d.cookie("session") != "" && d.get("/me").status == http.StatusOK {
			signedIn++
		}
	}
	if signedIn != 1 {
		t.Errorf("%d sessions", signedIn)
	}
}

func TestC02_OneCodeManyFlows(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	code := ""
	flows, options := make([]*client, 8), make([]string, 8)
	for i := range flows {
		flows[i] = p.elsewhere()
		options[i] = p.login(flows[i]).option(t, "totp")
	}
	code = p.phone.next()
	twins := make([]*client, crowd)
	for i := range twins {
		twins[i] = flows[i%len(flows)].twin(t)
	}
	wantOnce(t, together(t, crowd, func(i int) (reply, error) {
		return twins[i].try("POST", "/mfa/flow/verify", js{"option": options[i%len(flows)], "code": code})
	}), crowd)
}

// L-03: the same for a recovery code, whose check is slow.
func TestC02_A11_A13_OneRecoveryCode(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	flows, options := make([]*client, 5), make([]string, 5)
	for i := range flows {
		flows[i] = p.elsewhere()
		options[i] = p.login(flows[i]).option(t, "recovery")
	}
	const guesses = 50
	wantOnce(t, together(t, guesses, func(i int) (reply, error) {
		return flows[i%5].twin(t).try("POST", "/mfa/flow/verify", js{"option": options[i%5], "code": p.recovery[3]})
	}), guesses)
}

// T-01: the code of an enrolment confirms it once.
func TestC02_OneActivation(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	pending := p.begin(js{"method": "totp"})
	code := pending.code()
	const n = 50
	counts := together(t, n, func(int) (reply, error) {
		return p.twin(t).try("POST", "/mfa/enrollments/"+pending.id+"/activate", js{"code": code})
	})
	// The winner ends the session that all of them had, so some come too late to be anybody.
	if counts["200"] != 1 || counts["200"]+counts["404 no_enrollment"]+counts["410 enrollment_expired"]+counts["401 unauthenticated"]+counts["403 requirement"] != n {
		t.Errorf("%d activations: %v", n, counts)
	}
	c := p.elsewhere()
	f := p.login(c)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": code}).want(http.StatusUnauthorized, "code_not_valid")
}

// C-07, A-17: of 500 parallel wrong codes five are looked at.
func TestC07_A17_ParallelWrongCodes(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	const flowsAtOnce, n, limit = 5, 500, 5
	flows, options := make([]*client, flowsAtOnce), make([]string, flowsAtOnce)
	for i := range flows {
		flows[i] = p.elsewhere()
		options[i] = p.login(flows[i]).option(t, "totp")
	}
	wrong := p.phone.wrong()
	counts := together(t, n, func(i int) (reply, error) {
		return flows[i%flowsAtOnce].twin(t).try("POST", "/mfa/flow/verify", js{"option": options[i%flowsAtOnce], "code": wrong})
	})
	if counts["401 code_not_valid"] > limit || counts["401 code_not_valid"] == 0 || counts["401 code_not_valid"]+counts["429 locked"] != n {
		t.Errorf("%d wrong codes: %v", n, counts)
	}
	right := js{"option": options[0], "code": p.phone.auth.Code()}
	r := flows[0].post("/mfa/flow/verify", right).want(http.StatusTooManyRequests, "locked")
	if r.header.Get("Retry-After") == "" || r.member("locked_until") == nil {
		t.Errorf("locked: %v %s", r.header, r.body)
	}
	// a new flow is no way around it, and neither is a restart.
	c := p.elsewhere()
	f := p.login(c)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.auth.Code()}).want(http.StatusTooManyRequests, "locked")
	a.restart()
	f = p.login(c)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.auth.Code()}).want(http.StatusTooManyRequests, "locked")
	// Recovery codes are another way, and the delay ends.
	f.option(t, "recovery")
	a.advance(time.Minute)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.code()}).want(http.StatusOK)
}

// C-06: wrong codes at the sign-in, a step-up and a setup are one count.
func TestC06_A18_OneBudgetForAllPaths(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	p.client.setCookie("mfa-device", "") // nobody's known browser
	wrong, taken := p.phone.wrong(), 0
	guess := func(c *client, path, option string) bool {
		body := js{"code": wrong}
		if option != "" {
			body["option"] = option
		}
		r := c.post(path, body).wantOneOf(http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusGone)
		if r.status == http.StatusUnauthorized {
			taken++
		}
		return r.status == http.StatusUnauthorized
	}
	// Within an hour, with pauses that the delays ask for, from four addresses.
	for i := range 24 {
		c := p.elsewhere()
		c.header.Set("X-Dev-Client-IP", fmt.Sprintf("203.0.%d.7", 113+i%4))
		f := p.login(c)
		for guess(c, "/mfa/flow/verify", f.option(t, "totp")) {
		}
		a.advance(2 * time.Minute)
	}
	step := p.post("/mfa/stepup", nil).want(http.StatusOK).flow()
	guess(p.client, "/mfa/flow/verify", step.option(t, "totp"))
	if taken > 15 {
		t.Errorf("%d guesses were taken within an hour", taken)
	}
	if taken < 5 {
		t.Errorf("only %d guesses were taken: the test tests nothing", taken)
	}
	a.waitForMail(p.email, "many wrong answers")
	// The owner, in a browser that passed before, is let in: see the reserve.
}

// what was counted stays counted, whatever the client does.
func TestA54_A57_AbandonedRequestsCount(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	c := p.elsewhere()
	f := p.login(c)
	for left := 4; left >= 0; left-- {
		r := c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.wrong()}).want(http.StatusUnauthorized, "code_not_valid")
		if r.member("attempts_left") != float64(left) {
			t.Errorf("attempts_left: %s, want %d", r.body, left)
		}
		f = p.login(c)
	}
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.auth.Code()}).want(http.StatusTooManyRequests, "locked")
}

// A known browser is not held up by strangers' failures.
func TestC08_StrangersDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	own := p.elsewhere()
	p.signIn(own)
	own.post("/logout", nil).want(http.StatusNoContent)
	stranger := p.elsewhere() // with the password
	stranger.header.Set("X-Dev-Client-IP", "203.0.113.9")
	f := p.login(stranger)
	for range 10 {
		stranger.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.wrong()}).wantOneOf(http.StatusUnauthorized, http.StatusTooManyRequests)
	}
	stranger.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.auth.Code()}).want(http.StatusTooManyRequests, "locked")
	p.signIn(own)
	own.get("/me").want(http.StatusOK)
}

// Many people with right passwords in one network do not get in each other's way,
// and a clock that goes back locks nobody out.
func TestC08_RightPasswordsAreNeverTooOften(t *testing.T) {
	t.Parallel()
	a := start(t)
	people := make([]*person, 8)
	for i := range people {
		people[i] = a.register(t)
	}
	logins := func() map[string]int {
		return together(t, 80, func(i int) (reply, error) {
			p := people[i%len(people)]
			return p.elsewhere().try("POST", "/login", js{"email": p.email, "password": p.password})
		})
	}
	if counts := logins(); counts["200"] != 80 {
		t.Errorf("80 right passwords: %v", counts)
	}
	a.advance(48 * time.Hour)
	people[0].login(people[0].elsewhere())
	a.restart() // at the machine's time
	if counts := logins(); counts["200"] != 80 {
		t.Errorf("80 right passwords, after the clock went back: %v", counts)
	}
}
