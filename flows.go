package mfa

import (
	"bytes"
	"slices"
)

// findFlow makes the flow with this id the current one and opens its body.
func (st *state) findFlow(id []byte) error {
	for i := range st.flows {
		if bytes.Equal(st.flows[i].ID, id) && st.flows[i].Expires > st.now.Unix() {
			var body flowBody
			if err := st.reader.Unmarshal(st.flows[i].Body, &body); err != nil {
				return stateError(err)
			}
			st.current, st.body = &st.flows[i], &body
			return nil
		}
	}
	return ErrFlowExpired
}

// openFlow is findFlow for an operation that goes on with it: one that is over is as
// good as none.
func (st *state) openFlow(id []byte) error {
	if err := st.openAll(); err != nil {
		return err
	}
	if err := st.findFlow(id); err != nil {
		return err
	}
	if s := st.current.Status; s == StatusPassed || s == StatusDenied {
		return ErrFlowExpired
	}
	return nil
}

// addFlow puts a new flow in, as the current one. Over the cap, spent ones go
// first, then those of devices that are not known, and of these the oldest of the
// network that holds most: a flood cannot push out the owner's.
func (st *state) addFlow(f flow, body *flowBody) {
	st.flows = slices.DeleteFunc(st.flows, func(o flow) bool { return o.Expires <= st.now.Unix() })
	for len(st.flows) >= maxFlows {
		i := victim(st.flows)
		st.flows = slices.Delete(st.flows, i, i+1)
	}
	st.flows = append(st.flows, f)
	st.current, st.body = &st.flows[len(st.flows)-1], body
	st.touch(secFlows)
}

// victim is the index of the flow that goes first.
func victim(flows []flow) int {
	held := map[string]int{}
	for _, f := range flows {
		held[string(f.Network)]++
	}
	worse := func(a, b flow) bool { // a goes before b
		over := func(f flow) bool { return f.Status == StatusPassed && !f.Held || f.Status == StatusDenied }
		if over(a) != over(b) {
			return over(a)
		}
		if a.Known != b.Known {
			return b.Known
		}
		if na, nb := held[string(a.Network)], held[string(b.Network)]; na != nb {
			return na > nb
		}
		return a.Created < b.Created
	}
	worst := 0
	for i := range flows {
		if worse(flows[i], flows[worst]) {
			worst = i
		}
	}
	return worst
}
