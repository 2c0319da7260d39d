package pages

import (
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
)

// A seen is a browser in which the user has signed in, in words.
type seen struct {
	mfa.Device
	Name string // what calls itself so
	From string
}

// browsers are those of a session's user, the one last seen first.
func (v *visit) browsers(c mfa.Caller) ([]seen, error) {
	list, err := v.engine.Devices(v.r.Context(), c)
	if err != nil {
		return nil, v.unproved(err, "")
	}
	var out []seen
	for _, d := range list {
		out = append(out, seen{d, v.deviceName(d.UserAgent), v.from(d.Place, d.IP)})
	}
	return out, nil
}

func (v *visit) devicesPage(c mfa.Caller) error {
	list, err := v.browsers(c)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "devices", view{Title: v.text("page.devices.title"), Data: list})
}

func (v *visit) forgetDevice() error {
	return v.changeDevices(func(c mfa.Caller) error {
		err := v.engine.ForgetDevice(v.r.Context(), c, v.r.PathValue("id"))
		if errors.Is(err, mfa.ErrNoDevice) { // gone already is what was asked for
			return nil
		}
		return err
	})
}

func (v *visit) forgetDevices() error {
	return v.changeDevices(func(c mfa.Caller) error { return v.engine.ForgetDevices(v.r.Context(), c) })
}

func (v *visit) changeDevices(change func(mfa.Caller) error) error {
	c, err := v.api.SessionCaller(v.r)
	if err != nil {
		return err
	}
	if err := change(c); err != nil {
		return v.unproved(err, v.path("/settings/devices"))
	}
	return v.redirect(v.path("/settings/devices?said=forgotten"))
}

// signOutEverywhere ends everything, this session too: in the engine the evidence, the
// sign-ins under way and what browsers are remembered, and by the host the sessions. It
// asks for no proof, as it takes nothing but convenience from whoever is signed in.
func (v *visit) signOutEverywhere() error {
	c, err := v.api.SessionCaller(v.r)
	if err != nil {
		return err
	}
	if err := v.engine.SignOutEverywhere(v.r.Context(), c.User, c.Client); err != nil {
		return err
	}
	if err := v.api.Renewed(v.w, v.r, mfa.Authentication{}); err != nil {
		return err
	}
	v.api.ClearFlow(v.w)
	return v.signedOut("everywhere")
}

// signedOut is the page of somebody whose session has just ended, on purpose.
func (v *visit) signedOut(why string) error {
	return v.render(http.StatusOK, "message", view{Title: v.text("page.ended.title." + why),
		Data: message{v.text("page.ended.text." + why), v.config.SignIn, v.text("page.sign_in")}})
}
