package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// A transfer shows what an approval is: a proof for this and nothing else. It is asked
// for, approved in a step-up that shows its text, and carried out once. Programs
// do the same by POST /mfa/stepup with the action that POST /transfer names.
func (a *app) transferRoutes(mux *http.ServeMux) {
	mux.Handle("GET /transfer", a.serve(a.transfersPage))
	mux.Handle("POST /transfer", a.serve(a.askTransfer))
	mux.Handle("GET /transfer/{id}", a.serve(a.transferPage))
	mux.Handle("POST /transfer/{id}", a.serve(a.carryOut))
	mux.Handle("POST /transfer/{id}/approve", a.serve(a.approveTransfer))
}

// Action is what the library shows to whoever is to approve it.
func (h host) Action(r *http.Request, u mfa.User, id string) (mfa.Action, mfa.Requirement, error) {
	own, ok := strings.CutPrefix(id, transferAction)
	if !ok {
		return mfa.Action{}, mfa.Requirement{}, mfahttp.ErrNoAction
	}
	t, err := h.a.transfers.find(r.Context(), u.ID, own)
	if errors.Is(err, errNoTransfer) || err == nil && !t.Pending() {
		return mfa.Action{}, mfa.Requirement{}, mfahttp.ErrNoAction
	}
	return t.action(), mfa.Requirement{}, err
}

func (a *app) transfersPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	return a.renderTransfers(w, r, s, order{}, nil)
}

// An order is what somebody typed.
type order struct {
	To     string `json:"to"`
	Amount string `json:"amount"`
}

func (a *app) renderTransfers(w http.ResponseWriter, r *http.Request, s session, in order, wrong error) error {
	list, err := a.transfers.list(r.Context(), s.Account.ID)
	if err != nil {
		return err
	}
	return a.renderForm(w, r, "transfers", view{Title: "host.transfers.title", Email: s.Account.Email, Data: struct {
		order
		List []transfer
	}{in, list}}, wrong)
}

func (a *app) askTransfer(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	var in order
	if err := read(w, r, &in); err != nil {
		return err
	}
	t, err := newTransfer(in.To, in.Amount)
	if err != nil {
		if wantsPage(r) {
			return a.renderTransfers(w, r, s, in, err)
		}
		return err
	}
	t.Account = s.Account.ID
	if t, err = a.transfers.create(r.Context(), t); err != nil {
		return err
	}
	if wantsPage(r) {
		http.Redirect(w, r, "/transfer/"+t.ID, http.StatusSeeOther)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	return writeJSON(w, transferJSON(t))
}

// transferJSON is a transfer as programs see it.
func transferJSON(t transfer) map[string]any {
	state := "done"
	if t.Pending() {
		state = "pending"
	}
	return map[string]any{"id": t.ID, "action": t.action().ID, "text": t.Text(), "state": state}
}

// own is the session and the transfer that a request is about.
func (a *app) own(r *http.Request) (session, transfer, error) {
	s, err := a.current(r)
	if err != nil {
		return session{}, transfer{}, err
	}
	t, err := a.transfers.find(r.Context(), s.Account.ID, r.PathValue("id"))
	return s, t, err
}

func (a *app) transferPage(w http.ResponseWriter, r *http.Request) error {
	s, t, err := a.own(r)
	if err != nil {
		return err
	}
	if !wantsPage(r) {
		return writeJSON(w, transferJSON(t))
	}
	return a.render(w, r, http.StatusOK, "transfer", view{Title: "host.transfer.title", Email: s.Account.Email, Data: struct {
		transfer
		Approved bool // as far as the address says: whether it is, the engine knows
	}{t, r.URL.Query().Get("said") == "approved"}})
}

// approveTransfer begins the step-up in which it is approved.
func (a *app) approveTransfer(w http.ResponseWriter, r *http.Request) error {
	_, t, err := a.own(r)
	if err != nil {
		return err
	}
	if !t.Pending() {
		return errNoTransfer
	}
	flow, err := a.mfa.Approve(r, t.action(), mfa.Requirement{})
	if err != nil {
		return err
	}
	return a.ready.Proceed(w, r, flow, "/transfer/"+t.ID+"?said=approved")
}

// carryOut takes the approval, and pays only then: of any number of requests one has it.
func (a *app) carryOut(w http.ResponseWriter, r *http.Request) error {
	_, t, err := a.own(r)
	if err != nil {
		return err
	}
	if !t.Pending() {
		return errNoTransfer
	}
	evidence, err := a.mfa.Redeem(r, t.action().ID)
	if errors.Is(err, mfa.ErrRequirement) && wantsPage(r) {
		http.Redirect(w, r, "/transfer/"+t.ID+"?said=unapproved", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	record, err := json.Marshal(evidence)
	if err != nil {
		return err
	}
	if err := a.transfers.carryOut(r.Context(), t, string(record)); err != nil {
		return err
	}
	if wantsPage(r) {
		http.Redirect(w, r, "/transfer/"+t.ID+"?said=paid", http.StatusSeeOther)
		return nil
	}
	t.Done = a.clock.Now()
	return writeJSON(w, transferJSON(t))
}
