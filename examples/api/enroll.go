package main

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// enroll adds an authenticator app to the account that is signed in. Where the sign-in
// is too long ago for that, the person proves again that it is them, and the same call
// is made once more.
func (a *app) enroll(ctx context.Context) error {
	_, err := a.addApp(ctx)
	if !is(err, "requirement") {
		return err
	}
	var f flow
	if err := a.call(ctx, "POST", "/api/mfa/stepup", map[string]any{}, &f); err != nil {
		return err
	}
	if err := a.pass(ctx, f); err != nil {
		return err
	}
	_, err = a.addApp(ctx)
	return err
}

// enrollFirst sets up what a sign-in asks for before it passes.
func (a *app) enrollFirst(ctx context.Context, now flow) (flow, error) {
	if now.Skip != nil {
		i, err := a.choose("You can do this later", []string{"Set up an authenticator app now", "Not now"})
		if err != nil {
			return flow{}, err
		}
		if i == 1 {
			var next flow
			err := a.call(ctx, "POST", "/api/mfa/flow/skip", map[string]any{}, &next)
			return next, err
		}
	}
	if !slices.Contains(now.Methods, "totp") {
		return flow{}, errors.New("your account needs a second factor that cannot be set up here; please do it in a browser")
	}
	next, err := a.addApp(ctx)
	if err == nil && next == nil {
		err = errors.New("the sign-in has ended meanwhile; please sign in again")
	}
	if err != nil {
		return flow{}, err
	}
	return *next, nil
}

// addApp adds an authenticator app, and returns how the flow went on that asked for it,
// if one did.
func (a *app) addApp(ctx context.Context) (*flow, error) {
	var begun struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
		URI    string `json:"uri"`
	}
	if err := a.call(ctx, "POST", "/api/mfa/enrollments", map[string]string{"method": "totp"}, &begun); err != nil {
		return nil, err
	}
	if err := a.show(begun.URI); err != nil {
		return nil, err
	}
	a.say("Key: %s", inFours(begun.Secret))
	a.say("Link: %s", begun.URI)
	for {
		code, err := a.askSecret("The code that your authenticator app shows now")
		if err != nil {
			return nil, err
		}
		var done struct {
			RecoveryCodes []string `json:"recovery_codes"`
			Flow          *flow    `json:"flow"`
		}
		err = a.call(ctx, "POST", "/api/mfa/enrollments/"+begun.ID+"/activate", map[string]string{"code": code}, &done)
		if err != nil && a.told(err, "code_not_valid", "bad_request", "busy") {
			continue
		}
		if err != nil {
			return nil, err
		}
		a.say("Your authenticator app is set up.")
		if len(done.RecoveryCodes) > 0 {
			a.say("Write these recovery codes down. Each lets you in once if you lose your phone; they are not shown again.")
			a.say("  %s", strings.Join(done.RecoveryCodes, "\n  "))
		}
		return done.Flow, nil
	}
}

// inFours is a key as it is best typed.
func inFours(key string) string {
	return strings.TrimSpace(fours.ReplaceAllString(key, "$0 "))
}

var fours = regexp.MustCompile(`.{4}`)

// show draws a link as a QR code, where the output is a terminal.
func (a *app) show(uri string) error {
	if !a.draws {
		return nil
	}
	picture, err := drawn(uri)
	if err != nil {
		return err
	}
	a.print(picture)
	return nil
}

// drawn is a QR code of half blocks, two modules to a line, dark on light whatever the
// terminal's colours are, with the quiet zone of four modules around (ISO/IEC 18004).
func drawn(text string) (string, error) {
	const quiet, on, off = 4, "\x1b[38;5;16;48;5;231m", "\x1b[0m\n"
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	size := code.Bounds().Dx()
	dark := func(x, y int) bool {
		if x < 0 || y < 0 || x >= size || y >= size {
			return false
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	var out strings.Builder
	for y := -quiet; y < size+quiet; y += 2 {
		out.WriteString(on)
		for x := -quiet; x < size+quiet; x++ {
			out.WriteString(map[[2]bool]string{{}: " ", {true, false}: "▀", {false, true}: "▄", {true, true}: "█"}[[2]bool{dark(x, y), dark(x, y+1)}])
		}
		out.WriteString(off)
	}
	return out.String(), nil
}
