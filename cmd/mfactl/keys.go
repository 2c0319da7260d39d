package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/ops"
)

// keysFlags are those of the keys commands.
type keysFlags struct {
	standby  string
	unproven bool
}

func keysFile(c *call) {
	c.set.StringVar(&c.engine.keys, "keys", c.getenv("MFA_KEYS"), "`file` with the key ring; default: the one that MFA_KEYS names")
}

func outFile(c *call) {
	c.set.StringVar(&c.out, "out", "", "new `file` for the ring, which only its owner can read")
}

func asJSON(c *call) {
	c.set.BoolVar(&c.json, "json", false, "print JSON, for programs")
}

var keysMake = &command{
	name: "keys make", about: "make a key ring, in a new file",
	more:  "Keep it where the backups of the database are not: whoever has both has every secret,\nand without the ring everybody has to enrol again.",
	flags: func(c *call) { outFile(c); asJSON(c) },
	run: func(_ context.Context, c *call) error {
		if c.out == "" {
			return usagef("keys make: -out has to name a new file")
		}
		ring, err := mfa.NewKeyRing()
		if err != nil {
			return err
		}
		if err := writeRing(c.out, ring); err != nil {
			return err
		}
		return c.tellRing(c.out, ring)
	},
}

var keysList = &command{
	name: "keys list", about: "list the keys of a ring by their identifiers",
	flags: func(c *call) { keysFile(c); asJSON(c) },
	run: func(_ context.Context, c *call) error {
		ring, err := c.readRing(c.engine.keys)
		if err != nil {
			return err
		}
		return c.tellRing(c.engine.keys, ring)
	},
}

var keysRotate = &command{
	name: "keys rotate", about: "put a new key in front, in a new file",
	more: `Deploy the new ring to every process, and then run mfactl rewrap. Until all processes have
it, those that do not refuse users whom the others have written since. Where not even a
minute of that will do, deploy the ring of -standby first: in it the new key opens, and
does not seal yet. Keep the old ring as long as there are backups of its days.`,
	flags: func(c *call) {
		keysFile(c)
		outFile(c)
		asJSON(c)
		c.set.StringVar(&c.keys.standby, "standby", "", "another new `file`, for the same ring with the new key in the second place")
	},
	run: func(_ context.Context, c *call) error {
		if c.out == "" || c.out == c.keys.standby {
			return usagef("keys rotate: -out has to name a new file, and -standby another")
		}
		ring, err := c.readRing(c.engine.keys)
		if err != nil {
			return err
		}
		if ring, err = ring.Rotate(); err != nil {
			return err
		}
		if c.keys.standby != "" {
			second, err := standby(ring)
			if err != nil {
				return err
			}
			if err := writeRing(c.keys.standby, second); err != nil {
				return err
			}
		}
		if err := writeRing(c.out, ring); err != nil {
			return err
		}
		return c.tellRing(c.out, ring)
	},
}

var keysRetire = &command{
	name: "keys retire", about: "leave the newest key alone, in a new file",
	more: `With -store it first looks whether anything there is still under an older key, and then
does nothing. Links in mails (three days) and evidence in cookies that were given out under
the older keys are void once the new ring is deployed: wait for as long as these live.`,
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		outFile(c)
		asJSON(c)
		c.set.BoolVar(&c.keys.unproven, "unproven", false, "do not look into the store: what is still under an older key is lost")
	},
	run: func(ctx context.Context, c *call) error {
		switch {
		case c.out == "":
			return usagef("keys retire: -out has to name a new file")
		case c.store.where == "" && !c.keys.unproven:
			return usagef("keys retire: -store has to say where to look for what is under older keys, or -unproven that nobody looks")
		}
		ring, err := c.readRing(c.engine.keys)
		if err != nil {
			return err
		}
		if !c.keys.unproven {
			if err := c.proveRewrapped(ctx); err != nil {
				return err
			}
		}
		if ring, err = ring.Retire(); err != nil {
			return err
		}
		if err := writeRing(c.out, ring); err != nil {
			return err
		}
		return c.tellRing(c.out, ring)
	},
}

var errOlder = errors.New("nothing was retired")

// proveRewrapped walks the whole store as mfactl rewrap does, and writes nothing.
func (c *call) proveRewrapped(ctx context.Context) (err error) {
	s, err := c.site(ctx, writing, func(m *mfa.Config) { m.Store = forgetting{m.Store.(walked)} })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.end(ctx)) }()
	say := c.progress()
	stats, err := ops.Rewrap(ctx, forgetting{s.store}, s.engine, ops.RewrapOptions{Rate: ops.Unlimited, Progress: func(n ops.RewrapStats) {
		say("looked at %d items", n.Items)
	}})
	switch {
	case err != nil:
		return err
	case stats.Written > 0 || stats.Failed > 0:
		c.tellFailures(stats.Failures)
		return fmt.Errorf("%d of %d items are under an older key, and of %d it cannot be told: run mfactl rewrap; %w", stats.Written, stats.Items, stats.Failed, errOlder)
	}
	return nil
}

// tellRing tells a ring's keys, without their secrets.
func (c *call) tellRing(file string, ring *mfa.KeyRing) error {
	text, err := ring.Export()
	if err != nil {
		return err
	}
	ids, err := keyIDs(text)
	if err != nil {
		return err
	}
	type key struct {
		ID    string `json:"id"`
		Seals bool   `json:"seals"`
	}
	var list []key
	for i, id := range ids {
		list = append(list, key{id, i == 0})
	}
	return c.print(map[string]any{"file": file, "keys": list}, func(w *screen) {
		w.say("%s\n", clean(file))
		t := newTable(w)
		for _, k := range list {
			does := "opens"
			if k.Seals {
				does = "seals and opens"
			}
			t.row("  "+k.ID, does)
		}
		t.flush()
	})
}
