package mfa

import "slices"

// A standing is where a flow stands.
type standing struct {
	status  Status
	reason  string
	list    []candidate // what can be answered
	methods []string    // what may be enrolled
	skip    bool        // it leads to an enrolment, which may be put off
	enrolls bool        // it leads to an enrolment
}

// next says where the current flow stands and what can be answered.
func (e *Engine) next(st *state) standing {
	b := st.body
	if slices.ContainsFunc(b.Proofs, st.gone) {
		b.Proofs = st.standing(b.Proofs) // what was replaced or disabled since proves nothing
	}
	proofs := e.counted(st, b)
	met := len(b.Require.missing(proofs, st.now)) == 0
	if met && !st.short(b) {
		return standing{status: StatusPassed}
	}
	if !met {
		if list := useful(b.Require, proofs, e.candidates(st, b), st.now); len(list) > 0 {
			return standing{status: StatusChallenge, list: list}
		}
		if st.disabled(b.Implicit) {
			return standing{status: StatusDenied, reason: ReasonDisabled} // else whoever guesses long enough could enrol instead
		}
	}
	methods := e.enrollable(st, b, proofs)
	skip := b.Grace.Skip && b.Purpose == SigningIn
	denied := standing{status: StatusDenied, reason: ReasonNoMethod}
	if met {
		denied = standing{status: StatusPassed} // more cannot be asked of them
	}
	if b.Purpose != SigningIn || len(methods) == 0 && (met || !skip) {
		return denied
	}
	// Nothing that is enrolled could satisfy the policy. What is enrolled has to be
	// proved all the same before something better is.
	if st.hasOwn() {
		if own := e.ownCandidates(st, b); !st.provedOwn(b) {
			if len(own) == 0 {
				return denied
			}
			return standing{status: StatusChallenge, list: own, enrolls: true}
		}
	} else if len(b.First.missing(b.Proofs, st.now)) > 0 && !e.cameBy(b, b.First.Methods) {
		// What proves the address on file need not be a method to sign in with.
		with := *b
		with.Choice.Methods, with.Implicit = methodsWith(b.Choice.Methods, b.First.Methods), slices.Concat(b.Implicit, b.First.Methods)
		with.Choice.Forbidden = nil
		list := useful(b.First, b.Proofs, e.candidates(st, &with), st.now)
		switch {
		case len(list) > 0:
			return standing{status: StatusChallenge, list: list, skip: skip, enrolls: true}
		case !skip:
			return denied
		}
		methods = nil
	}
	return standing{status: StatusEnroll, methods: methods, skip: skip, enrolls: true}
}

// cameBy says whether the first factor came by the channel of one of these methods:
// whoever was mailed a link has shown to read the mail.
func (e *Engine) cameBy(b *flowBody, methods []string) bool {
	return b.Channel != "" && slices.ContainsFunc(methods, func(name string) bool {
		i := e.factor(name)
		return i >= 0 && e.methods[i].Channel == b.Channel
	})
}

// ownCandidates are all ways in which the user can show to be the owner: a method
// that the policy has dropped still tells them from a stranger.
func (e *Engine) ownCandidates(st *state, b *flowBody) []candidate {
	every := *b
	every.Choice = choice{}
	return slices.DeleteFunc(e.candidates(st, &every), func(c candidate) bool { return !c.method.Recovery && !c.covered[0].own() })
}

// provedOwn says whether something that is enrolled was proved, and not only an address.
func (st *state) provedOwn(b *flowBody) bool {
	return slices.ContainsFunc(b.Proofs, func(p Proof) bool { return p.Enrollment != "" && !st.enrollment(p.Enrollment).Implicit })
}

// short says whether somebody of whom a second proof is asked has fewer
// enrollments than the policy wants.
func (st *state) short(b *flowBody) bool {
	return b.AtLeast > 1 && b.Purpose == SigningIn && b.Require.SecondFactor && st.ownCount() < b.AtLeast
}

// ownCount is how many usable enrollments of their own the user has.
func (st *state) ownCount() (n int) {
	for i := range st.enrolled {
		if r := &st.enrolled[i]; r.own() && !r.Disabled {
			n++
		}
	}
	return n
}

// counted are the flow's proofs that count towards what it requires: one by an
// address that was only asked for before the first enrolment does not, and neither
// does one by a method that the policy has dropped, which tells the owner from a
// stranger and no more.
func (e *Engine) counted(st *state, b *flowBody) []Proof {
	dropped := func(p Proof) bool {
		r := st.enrollment(p.Enrollment)
		return r != nil && (r.Implicit && !slices.Contains(b.Implicit, r.Method) || !b.Choice.allows(r.Method))
	}
	if !slices.ContainsFunc(b.Proofs, dropped) {
		return slices.Clip(b.Proofs)
	}
	return slices.DeleteFunc(slices.Clone(b.Proofs), dropped)
}

// disabled says whether an enrollment of the user's own is disabled, or, where
// they have none, an address that counts as one.
func (st *state) disabled(implicit []string) bool {
	own := st.hasOwn()
	return slices.ContainsFunc(st.enrolled, func(r enrollment) bool {
		return r.Disabled && (r.own() || !own && r.Implicit && slices.Contains(implicit, r.Method))
	})
}

func (st *state) hasOwn() bool {
	return slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.own() })
}
