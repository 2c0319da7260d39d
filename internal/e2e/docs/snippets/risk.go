package snippets

import (
	"context"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

func scored(ctx context.Context, store mfa.Store, keys *mfa.KeyRing, factors []mfa.Factor) (*mfa.Engine, error) {
	intel, err := geo.Open(geo.Config{Databases: []geo.Source{{Path: "city.mmdb"}}}) // optional: places, lists of addresses
	if err != nil {
		return nil, err
	}
	scorer, err := risk.New(risk.Config{Keys: keys, Store: store, Intel: intel})
	if err != nil {
		return nil, err
	}
	m, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: factors, Risk: scorer, Observers: []mfa.Observer{scorer}})
	if err != nil {
		return nil, err
	}
	go scorer.Run(ctx) // shares what is learned between processes
	return m, nil
}
