package main

import (
	"fmt"
	"path"
	"strings"
)

// A setting is a field that a host can set, whose comment gives its bounds and its default.
type setting struct {
	file, typ string
	fields    []string // in this order
}

// settings are what the page lists as such.
var settings = []setting{
	{"totp/totp.go", "Config", []string{"Digits", "Period", "NoSkew"}},
	{"sms/sms.go", "Config", []string{"Digits", "Lifetime"}},
	{"sms/limits.go", "Limits", []string{"Number", "Network", "Prefix", "System", "Reserve", "BreakerMin", "BreakerShare"}},
	{"emailcode/emailcode.go", "Config", []string{"Digits", "Lifetime"}},
	{"emailcode/limits.go", "Limits", []string{"Address", "Network", "System"}},
	{"support.go", "Bypass", []string{"Lifetime"}},
	{"policy.go", "Remember", []string{"For", "Idle"}},
	{"policy/policy.go", "Rules", []string{"AtLeast", "Nudge", "DelayedReset", "SessionLifetime"}},
	{"policy/policy.go", "Grace", []string{"Until", "For", "Skips"}},
}

// A chapter is what some files fix.
type chapter struct {
	title, intro string
	files        []string
	only         []string // the constants that are limits; none: all

	// titles are those of groups whose own comment makes none, by their first limit.
	titles map[string]string
}

var chapters = []chapter{
	{title: "The engine", files: []string{"limits.go"}, titles: map[string]string{"`flowLifetime`": "Flows, changes and claims"}},
	{title: "Authenticator apps", intro: "Package `totp`.", files: []string{"totp/limits.go"}},
	{title: "Recovery codes", intro: "Package `recovery`. A guess costs one Argon2id digest of 19 MiB and two passes.",
		files: []string{"recovery/set.go", "recovery/code.go"}, only: []string{"setSize", "codeBytes", "codeLength", "maxInput"}},
	{title: "Codes that are sent", intro: "What `sms` and `emailcode` have in common.", files: []string{"internal/onetime/limits.go"}},
	{title: "Text messages", intro: "Package `sms`.", files: []string{"sms/limits.go", "sms/text.go", "sms/action.go", "sms/number.go", "sms/sms.go"},
		only:   []string{"warnAt", "maxSegments", "maxAction", "minAction", "goodSegments", "maxHost", "prefixDigits", "hiddenDigits", "maxAppName"},
		titles: map[string]string{"`maxAppName`": "Names"}},
	{title: "Codes by mail", intro: "Package `emailcode`.", files: []string{"emailcode/limits.go"},
		titles: map[string]string{"`reserve`": "Budgets, in percent"}},
	{title: "SMS gateways", intro: "Package `sms/gateway`.", files: []string{"sms/gateway/limits.go"}},
	{title: "Security keys and passkeys", intro: "Package `webauthn`; sections are those of W3C Web Authentication Level 3.", files: []string{"webauthn/limits.go"},
		titles: map[string]string{"`maxStateBytes`": "What is kept, and what else is read"}},
}

const head = `# Limits and lifetimes

<!-- Written by "go run ./internal/e2e/docs/limits". Change the comments in the code instead. -->

Everything that is bounded, with its reason, as it stands in the code: a program writes this page from
it, and a test compares the two. What the limits mean for the people who meet them is told in
[architecture.md](architecture.md#limits), and what they mean for your bill in [sms.md](sms.md).

`

const settingsHead = `## What you can set

Bounds and defaults are those of the field's own comment; two numbers are the most in any hour and in any day. A
value that is out of bounds is refused when the factor or the policy is made.

| field | what it bounds |
|---|---|
`

const fixedHead = `What follows is fixed: a limit that anybody may loosen is soon no limit. The names are those of the code. A name
that begins with default is what a field of the configuration has when it is left zero.

`

// generate is the page, from the code of a repository.
func generate(root string) (string, error) {
	var b strings.Builder
	b.WriteString(head + settingsHead)
	for _, s := range settings {
		rows, err := fields(root, s)
		if err != nil {
			return "", err
		}
		for i, name := range s.fields {
			if i > 0 && rows[i] == rows[i-1] {
				continue
			}
			names := "`" + called(s, name) + "`"
			if i+1 < len(rows) && rows[i+1] == rows[i] { // one comment for both
				names += ", `" + s.fields[i+1] + "`"
			}
			fmt.Fprintf(&b, "| %s | %s |\n", names, rows[i])
		}
	}
	b.WriteString("\n" + fixedHead)
	for _, c := range chapters {
		var groups []group
		for _, file := range c.files {
			more, err := constants(root, file, c.only)
			if err != nil {
				return "", err
			}
			for i := range more {
				if title := c.titles[more[i].rows[0].names]; title != "" {
					more[i].title = title
				}
			}
			groups = joined(groups, more)
		}
		if len(groups) == 0 {
			return "", fmt.Errorf("%s: nothing was found", c.title)
		}
		fmt.Fprintf(&b, "## %s\n\n", c.title)
		if c.intro != "" {
			fmt.Fprintf(&b, "%s\n\n", c.intro)
		}
		for _, g := range groups {
			if g.title != "" {
				fmt.Fprintf(&b, "### %s\n\n", g.title)
			}
			if g.text != "" {
				fmt.Fprintf(&b, "%s\n\n", g.text)
			}
			b.WriteString("| limit | value | why, and what it is |\n|---|---|---|\n")
			for _, r := range g.rows {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", r.names, r.values, r.why)
			}
			b.WriteString("\n")
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n", nil
}

// called is a field as a host writes it.
func called(s setting, field string) string {
	pkg := path.Dir(s.file)
	if pkg == "." {
		pkg = "mfa"
	}
	return path.Base(pkg) + "." + s.typ + "." + field
}
