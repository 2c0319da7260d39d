package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

type policyFlags struct {
	to  string
	yes bool
}

var policyLint = &command{
	name: "policy lint", args: "FILE", about: "say what a policy says and cannot mean",
	more:  "It fails where the file cannot be read as a policy, or has a finding that is an error.",
	flags: func(c *call) { c.engine.addMethods(c); asJSON(c) },
	run: func(_ context.Context, c *call) error {
		if c.set.NArg() != 1 {
			return usagef("policy lint: want one file")
		}
		p, err := readPolicy(c.set.Arg(0), c.engine.names())
		if err != nil {
			return err
		}
		findings, err := c.lint(p)
		if err != nil {
			return err
		}
		return errors.Join(c.print(findings, func(w *screen) { tellFindings(w, findings) }), serious(findings))
	},
}

var policyDiff = &command{
	name: "policy diff", args: "OLD NEW", about: "say on what two policies differ",
	flags: func(c *call) { c.engine.addMethods(c); asJSON(c) },
	run: func(_ context.Context, c *call) error {
		if c.set.NArg() != 2 {
			return usagef("policy diff: want two files, the old one first")
		}
		was, err := readPolicy(c.set.Arg(0), c.engine.names())
		if err != nil {
			return err
		}
		becomes, err := readPolicy(c.set.Arg(1), c.engine.names())
		if err != nil {
			return err
		}
		list, err := changes(was, becomes)
		if err != nil {
			return err
		}
		return c.print(list, func(w *screen) { tellChanges(w, list) })
	},
}

var policyLoad = &command{
	name: "policy load", args: "FILE", about: "put a policy in the place of the one that a service reads",
	more: `It looks at the new file as policy lint does, shows on what it differs, and with -yes puts
it there, whole or not at all. A service that reads its policy at SIGHUP is then sent one.`,
	flags: func(c *call) {
		c.engine.addMethods(c)
		asJSON(c)
		c.set.StringVar(&c.policy.to, "to", "", "the `file` that the service reads")
		c.set.BoolVar(&c.policy.yes, "yes", false, "do it; else it is only shown")
	},
	run: func(_ context.Context, c *call) error {
		if c.set.NArg() != 1 || c.policy.to == "" {
			return usagef("policy load: want one file, and -to that of the service")
		}
		becomes, err := readPolicy(c.set.Arg(0), c.engine.names())
		if err != nil {
			return err
		}
		was, err := readPolicy(c.policy.to, c.engine.names())
		if err != nil {
			return err
		}
		list, err := changes(was, becomes)
		if err != nil {
			return err
		}
		findings, err := c.lint(becomes)
		if err != nil {
			return err
		}
		bad := serious(findings)
		do := c.policy.yes && bad == nil
		if do {
			text, err := os.ReadFile(c.set.Arg(0))
			if err == nil {
				err = replace(c.policy.to, text)
			}
			if err != nil {
				return err
			}
		}
		told := c.print(map[string]any{"findings": findings, "changes": list, "loaded": do}, func(w *screen) {
			tellFindings(w, findings)
			tellChanges(w, list)
			switch {
			case do:
				w.say("%s is replaced: have the service read it\n", clean(c.policy.to))
			case bad == nil:
				w.say("nothing was done: say -yes to do it\n")
			}
		})
		return errors.Join(told, bad)
	},
}

func (c *call) lint(p *policy.Policy) ([]policy.Finding, error) {
	factors, err := c.engine.factors()
	if err != nil {
		return nil, err
	}
	var methods []mfa.Method
	for _, f := range factors {
		methods = append(methods, f.Method())
	}
	return policy.Lint(p, methods), nil
}

func tellFindings(w *screen, list []policy.Finding) {
	for _, f := range list {
		w.say("%s\n", clean(f.String()))
	}
	if len(list) == 0 {
		w.say("nothing to say of it\n")
	}
}

// serious is the error where a finding is one.
func serious(list []policy.Finding) error {
	if slices.ContainsFunc(list, func(f policy.Finding) bool { return f.Severity == policy.SeverityError }) {
		return errors.New("the policy cannot mean what it says")
	}
	return nil
}

// A change is a member of which two policies say something else. Nil: one does not say it.
type change struct {
	Member string `json:"member"`
	Was    any    `json:"was"`
	Is     any    `json:"is"`
}

// changes compares what two policies say, member by member, however they were written.
// Phases and cohorts go by their names.
func changes(was, is *policy.Policy) ([]change, error) {
	a, err := members(was)
	if err != nil {
		return nil, err
	}
	b, err := members(is)
	if err != nil {
		return nil, err
	}
	list := []change{}
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		before, _ := json.Marshal(a[name])
		after, _ := json.Marshal(b[name])
		if !bytes.Equal(before, after) {
			list = append(list, change{name, a[name], b[name]})
		}
	}
	return list, nil
}

func members(p *policy.Policy) (map[string]any, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	out := map[string]any{}
	flatten(out, "", all)
	return out, nil
}

func flatten(out map[string]any, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if at != "" {
				name = at + "." + name
			}
			flatten(out, name, inner)
		}
	case []any:
		names := make([]any, 0, len(v))
		for _, inner := range v {
			m, _ := inner.(map[string]any)
			name, named := m["name"].(string)
			if !named {
				out[at] = v
				return
			}
			names = append(names, name)
			delete(m, "name")
			flatten(out, at+"["+name+"]", m)
		}
		out[at] = names // the order of phases says which decides
	default:
		out[at] = v
	}
}

func tellChanges(w *screen, list []change) {
	t := newTable(w)
	for _, c := range list {
		t.row(c.Member, said(c.Was)+" -> "+said(c.Is))
	}
	t.flush()
	if len(list) == 0 {
		w.say("they say the same\n")
	}
}

func said(v any) string {
	if v == nil {
		return "(not said)"
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// replace puts text in a file's place, whole or not at all: a service that starts after a
// crash finds the old one or the new one. Links are followed, and the rights stay.
func replace(file string, text []byte) (err error) {
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return err
	}
	was, err := os.Stat(file)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".policy-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(was.Mode().Perm()), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}
