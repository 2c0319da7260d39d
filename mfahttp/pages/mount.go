package pages

import (
	"cmp"
	"net/http"

	"github.com/mfakit/mfa/mfahttp"
)

// Mount makes the API and the pages over it, and mounts both: the shortest wiring, for
// hosts with a ServeMux. Of c, Engine and API are filled in, and Words, Language, Now and
// Logger as api has them, where c has none; of api, StepUpPage and LinkDone, which lead to
// pages of ours. The error names the field that is wrong. Like [http.ServeMux.Handle] it
// panics if another pattern is in conflict, as "GET /" is: that has to be "GET /{$}" or "/".
func Mount(mux *http.ServeMux, api mfahttp.Config, c Config) (*Pages, error) {
	prefix := cmp.Or(c.Prefix, "/account")
	if prefix == "/" {
		prefix = ""
	}
	api.StepUpPage = cmp.Or(api.StepUpPage, prefix+"/confirm")
	api.LinkDone = cmp.Or(api.LinkDone, prefix+"/continue")
	h, err := mfahttp.New(api)
	if err != nil {
		return nil, err
	}
	c.Engine, c.API = api.Engine, h
	c.Words, c.Logger = cmp.Or(c.Words, api.Words), cmp.Or(c.Logger, api.Logger)
	if c.Language == nil {
		c.Language = api.Language
	}
	if c.Now == nil {
		c.Now = api.Now
	}
	p, err := New(c)
	if err != nil {
		return nil, err
	}
	mux.Handle(h.Prefix()+"/", h)
	mux.Handle(prefix+"/", p)
	return p, nil
}

// API is what the pages stand on.
func (p *Pages) API() *mfahttp.Handler { return p.api }
