package mfahttp

import (
	"net/http"

	"github.com/mfakit/mfa"
)

// listDevices lists the browsers that are known to the account. What each calls
// itself is text of its own choosing.
func (h *Handler) listDevices(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	list, err := h.engine.Devices(c.r.Context(), caller)
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, map[string][]mfa.Device{"devices": list})
}

func (h *Handler) forgetDevice(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	if err := h.engine.ForgetDevice(c.r.Context(), caller, c.id); err != nil {
		return err
	}
	return noContent(c.w)
}

func (h *Handler) forgetDevices(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	if err := h.engine.ForgetDevices(c.r.Context(), caller); err != nil {
		return err
	}
	return noContent(c.w)
}
