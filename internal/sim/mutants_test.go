package sim

// A mutant is the engine with one mistake planted in it, by the exact text that is
// replaced. A text that is not there any more fails the test: whoever changes the engine
// looks after the mutant.
type mutant struct {
	name    string
	changes []change
	by      []invariant // that catches it: one of these
}

// A change replaces one text, which a file holds once.
type change struct{ file, old, new string }

var mutants = []mutant{
	{"a wrong answer is not counted", []change{
		{"attempts.go", "		t.add(st.now)\n", ""},
	}, []invariant{guessLimit}},
	{"failures in a row are not counted", []change{
		{"attempts.go", "		l.Fails++\n", ""},
	}, []invariant{laneDelay, guessLimit}},
	{"nothing is ever disabled", []change{
		{"attempts.go", "		r.Disabled = r.inARow() >= disableAt\n		return max(0, disableAt-r.inARow())\n", "		return max(0, disableAt-r.inARow())\n"},
		{"attempts.go", "		r.Disabled = r.Disabled || r.inARow() >= disableAt\n", ""},
	}, []invariant{laneDelay}},
	{"a wrong confirmation is not counted", []change{
		{"enroll.go", "	p.Fails++\n	st.charge(m)\n", "	p.Fails++\n"},
	}, []invariant{guessLimit}},
	{"each method has a budget of its own", []change{
		{"attempts.go", "	case m.Guessable:\n		return &st.head.Guesses, guessBudget\n", "	case m.Name == \"totp\":\n		return &st.head.Guesses, guessBudget\n"},
	}, []invariant{guessLimit}},
	{"a resend resets failures in a row", []change{
		{"verify.go", "		if step.Pending == nil && step.Delivery == nil {\n			return out, nil\n		}\n", "		if step.Pending == nil && step.Delivery == nil {\n			return out, nil\n		}\n		cand.covered[0].succeed(st.now)\n		st.touch(secEnrollments)\n"},
	}, []invariant{laneDelay}},
	{"a new sign-in resets the budget", []change{
		{"signin.go", "	body.Known = known != nil\n", "	body.Known = known != nil\n	st.head.Guesses = tally{}\n"},
	}, []invariant{guessLimit}},
	{"an app's step is not stored", []change{
		{"totp/verify.go", "	a.state.LastStep = step\n", ""},
	}, []invariant{codeOnce}},
	{"a recovery code is not consumed", []change{
		{"verify.go", "	r.State, r.Left = v.State, v.Remaining\n", "	if r.Left = v.Remaining; r.Method != methodRecovery || r.State == nil {\n		r.State = v.State\n	}\n"},
	}, []invariant{codeOnce}},
	{"a code from support is good again", []change{
		{"state.go", " || r.Method == methodBypass && r.Left == 0", ""},
		{"verify.go", "	r.State, r.Left = v.State, v.Remaining\n", "	if r.Left = v.Remaining; r.Method != methodBypass {\n		r.State = v.State\n	}\n"},
	}, []invariant{codeOnce}},
	{"a passkey's challenge is not spent", []change{
		{"claims.go", "	if st.spend != nil {\n", "	if st.spend != nil && st.version == 0 {\n"},
	}, []invariant{codeOnce}},
	{"the link that undoes an enrolment is good again", []change{
		{"maillink.go", "if st.head.Undo != \"\" && st.head.Undo == of.Subject {", "if of.Subject != \"\" {"},
	}, []invariant{codeOnce, nothingLost}},
	{"whoever is suspended gets in by passkey", []change{
		{"passkey.go", "	if errors.Is(err, ErrNotFound) {\n		return Flow{}, e.strangerFailed(&NotValidError{}, \"\", m, c)\n	}\n", "	if errors.Is(err, ErrNotFound) {\n		u, err = User{ID: user}, nil\n	}\n"},
	}, []invariant{keptOut}},
	{"a flow that passed begins again", []change{
		{"pass.go", "	*b = flowBody{Attempts: b.Attempts} // all that a spent flow is still needed for\n", "	b.Proofs, st.current.Status = b.Proofs[:1], StatusChallenge\n"},
	}, []invariant{flowOver}},
	{"a flow does not expire", []change{
		{"flows.go", "bytes.Equal(st.flows[i].ID, id) && st.flows[i].Expires > st.now.Unix()", "bytes.Equal(st.flows[i].ID, id)"},
	}, []invariant{flowOver}},
	{"a sent code does not expire", []change{
		{"verify.go", "	if p.Until != 0 && p.Until <= now.Unix() {\n		return nil\n	}\n", ""},
		{"internal/onetime/onetime.go", "!right || now.Unix() >= p.Expires", "!right"},
	}, []invariant{codeBound}},
	{"any flow of the user is taken for the one that is named", []change{
		{"flows.go", "bytes.Equal(st.flows[i].ID, id) && ", "bytes.Equal(id, id) && "},
	}, []invariant{flowOver, codeBound, codeOnce, evidenceEarned, wrongRefused, secondFactor, learnsPassed}},
	{"a code is good in every flow", []change{
		{"verify.go", "			Pending: b.Asked[a.Option].live(st.now),", "			Pending: st.anyAsked(a.Option),"},
		{"verify.go", "func errNotAsked(", "func (st *state) anyAsked(option string) (state []byte) {\n	for i := range st.flows {\n		var b flowBody\n		if st.reader.Unmarshal(st.flows[i].Body, &b) == nil && b.Asked[option].State != nil {\n			state = b.Asked[option].State\n		}\n		if state != nil {\n			break\n		}\n	}\n	return state\n}\n\nfunc errNotAsked("},
		{"internal/onetime/onetime.go", "[]string{kind, p.Use, p.Flow, p.To, answer}", "[]string{kind, p.Use, p.To, answer}"},
	}, []invariant{codeBound, wrongRefused}},
	{"evidence of another user is taken", []change{
		{"caller.go", "	if c.Authentication.User != c.User.ID {\n		return \"\", nil, ErrCaller\n	}\n", ""},
		{"caller.go", "a.User != st.user || len(a.Proofs)", "len(a.Proofs)"},
		{"caller.go", "	if p.Enrollment == \"\" {\n		return !p.First\n	}\n	r := st.enrollment(p.Enrollment)\n	return r == nil || r.Disabled\n", "	return p.Enrollment == \"\" && !p.First\n"},
	}, []invariant{foreign}},
	{"evidence of another app is taken", []change{
		{"caller.go", "a.App != \"\" && c.App != \"\" && a.App != c.App", "a.App == \"-\""},
	}, []invariant{evidenceBound}},
	{"evidence from before a reset is taken", []change{
		{"caller.go", "a.Generation < st.head.Floor || ", ""},
		{"caller.go", "	r := st.enrollment(p.Enrollment)\n	return r == nil || r.Disabled\n", "	return false\n"},
	}, []invariant{evidenceVoid}},
	{"a removal voids no evidence", []change{
		{"change.go", "			st.endMFA()\n		}\n		st.void()\n", "			st.endMFA()\n		}\n		st.rise()\n"},
	}, []invariant{evidenceVoid}},
	{"old evidence is enough for changes", []change{
		{"caller.go", "	r := Requirement{MaxAge: changeMaxAge} // the policy can only shorten it\n", "	r := Requirement{}\n"},
	}, []invariant{freshEvidence}},
	{"forgotten browsers are kept", []change{
		{"devices.go", "	st.devices = nil\n	st.touch(secDevices)\n	return e.note(", "	return e.note("},
	}, []invariant{deviceRevoked}},
	{"a security change leaves browsers trusted", []change{
		{"caller.go", "	st.head.DeviceFloor = st.head.Generation\n", ""},
	}, []invariant{deviceRevoked}},
	{"a browser is remembered for ever", []change{
		{"devices.go", "	if until <= now.Unix() || d.Granted", "	if d.Granted"},
	}, []invariant{deviceLimit}},
	{"risk learns before a flow passes", []change{
		{"signin.go", "	flow, err := e.entered(ctx, st, in, d)\n", "	e.learn(st, in.body, \"early\")\n	flow, err := e.entered(ctx, st, in, d)\n"},
	}, []invariant{learnsPassed}},
	{"notices are not kept in the outbox", []change{
		{"outbox.go", "		st.outbox = append(st.outbox, ev)\n		st.touch(secOutbox)\n", ""},
	}, []invariant{noticeTold}},
	{"notices are told before they are saved", []change{
		{"commit.go", "		err = e.save(ctx, st, version)\n", "		e.tell(st, st.events)\n		err = e.save(ctx, st, version)\n"},
	}, []invariant{noticeAfter}},
	{"notices are acknowledged though nobody took them", []change{
		{"outbox.go", "			case len(o.left) == 0:\n", "			case len(o.left) >= 0:\n"},
	}, []invariant{noticeTold}},
	{"a save goes over what others saved", []change{
		{"commit.go", "	err = e.store.Save(ctx, key, st.version, Item{Value: sealed, Version: version})\n", "	there, _ := e.store.Load(ctx, key)\n	err = e.store.Save(ctx, key, there.Version, Item{Value: sealed, Version: version})\n"},
	}, []invariant{nothingLost, codeOnce, guessLimit, noticeTold, noticeAfter, approvalOnce, evidenceVoid, laneDelay, errorsKnown, rightAccepted, stillIn}},
	{"after a conflict the same decision is saved again", []change{
		{"commit.go", "		value, verdict := decide(st)\n", "		value, verdict := decide(st)\n		if len(tried) > 0 && tried[0].err == nil && verdict != nil && errors.Is(verdict, ErrNotValid) {\n			value, verdict = tried[0].value, nil\n		}\n"},
	}, []invariant{codeOnce}},
	{"a save that failed is answered as if it had not", []change{
		{"commit.go", "			fault, faults = err, faults+1\n		}\n		// A conflict", "			return value, verdict\n		}\n		// A conflict"},
	}, []invariant{nothingLost, noticeTold, guessLimit, codeOnce, noticeAfter, approvalOnce, evidenceVoid}},
	{"a lost answer is not found again", []change{
		{"state.go", "	if st.version == version || slices.Contains(st.head.Recent, version) {\n		return true\n	}\n", "	if version != 0 {\n		return false\n	}\n"},
	}, []invariant{rightAccepted, approvalOnce, evidenceEarned, nothingLost, noticeTold}},
	{"what is not durable is answered as if it were", []change{
		{"commit.go", "		case errors.Is(err, ErrNotDurable):\n			return zero,", "		case errors.Is(err, ErrNotDurable):\n			if verdict == nil {\n				return value, nil\n			}\n			return zero,"},
	}, []invariant{nothingLost, noticeTold, codeOnce, noticeAfter, approvalOnce, evidenceVoid, stillIn, errorsKnown}},
	{"support's reset leaves what is enrolled", []change{
		{"change.go", "	st.enrolled, st.devices, st.factors = nil, nil, nil\n", "	st.devices, st.factors = nil, nil\n"},
	}, []invariant{nothingLost, evidenceVoid}},
	{"a delayed reset does not wait", []change{
		{"delayed.go", "		ready := st.now.Add(max(b.Wait, resetMin))\n", "		ready := st.now\n"},
		{"delayed.go", "max(r.Ready, r.Asked+int64(b.Wait/time.Second))", "r.Ready"},
	}, []invariant{resetWaits}},
	{"an owner who signs in leaves a delayed reset open", []change{
		{"delayed.go", "	if st.provedOwner(b.Proofs) {\n		return e.endReset(st, b.User, b.Client)\n	}\n", ""},
	}, []invariant{resetWaits}},
	{"putting off is not counted", []change{
		{"skip.go", "		st.head.Skips++\n", ""},
	}, []invariant{skipsCount}},
	{"a program is let in as a person", []change{
		{"signin.go", "		if !d.Exempt {\n			return e.deny(st, in.token, ReasonService)\n		}\n", ""},
	}, []invariant{keptOut}},
	{"support is not asked for leave", []change{
		{"support.go", "	if err := e.support(ctx, r); err != nil {\n", "	if err := e.support(ctx, r); err != nil && r.Actor == \"\" {\n"},
	}, []invariant{supportOnly}},
	{"an approval is not spent", []change{
		{"action.go", "			f.Held, f.Body = false, body\n", "			_ = body\n"},
	}, []invariant{approvalOnce}},
	{"the first enrolment does not ask for the mailbox", []change{
		{"standing.go", "	} else if len(b.First.missing(b.Proofs, st.now)) > 0 &&", "	} else if len(b.First.missing(b.Proofs, st.now)) > 9 &&"},
		{"caller.go", "		r = r.And(act.decided.FirstEnrollment)\n", ""},
	}, []invariant{firstAsks}},
	{"a key can be two users'", []change{
		{"claims.go", "		if version != 0 && was.User != st.user {\n", "		if version < 0 && was.User != st.user {\n"},
	}, []invariant{claimAlone, foreign}},
	{"a budget lets one more through, for ever", []change{
		{"budget.go", "	if verdict.Left > 0 {\n		return nil\n	}\n", "	if verdict.Left >= 0 {\n		return nil\n	}\n"},
	}, []invariant{sendLimit}},
	{"a number is logged", []change{
		{"delivery.go", "e.log.Warn(\"mfa: message could not be sent\", \"method\", a.Method,", "e.log.Warn(\"mfa: message could not be sent\", \"to\", a.delivery.Message.To, \"method\", a.Method,"},
	}, []invariant{canary}},
	{"a remembered browser is enough for changes", []change{
		{"caller.go", "	r.SecondFactor = true\n	var have, less bool\n", "	r.Password = true\n	return r\n	var have, less bool\n"},
	}, []invariant{freshEvidence}},
	{"a policy's requirement is not looked at", []change{
		{"standing.go", "	met := len(b.Require.missing(proofs, st.now)) == 0\n", "	met := len(b.Require.missing(proofs, st.now)) == 0 || b.Purpose == SigningIn && len(proofs) > 0 && len(st.enrolled) > 2\n"},
	}, []invariant{secondFactor}},
	{"an answer for one enrollment proves another", []change{
		{"verify.go", "		b.Proofs = withProof(b.Proofs, cand.method.proved(r.ID, v, st.now))\n", "		b.Proofs = withProof(b.Proofs, cand.method.proved(st.enrolled[0].ID, v, st.now))\n"},
	}, []invariant{evidenceEarned}},
}
