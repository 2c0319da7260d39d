package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// saved is what is kept of one server, by its address: tokens go to the server that they
// are from. Both are secrets, so the file is its owner's alone (mode 0600). REPLACE:
// where the system has a place for secrets, a keychain, that is better.
type saved struct {
	Session string `json:"session,omitempty"` // the newest token
	Device  string `json:"device,omitempty"`  // the newest name of this device; kept when the session ends

	dir, url string
	all      map[string]*saved
}

const fileName = "tokens.json"

// load reads what is kept; a file that is not there is empty.
func load(dir, url string) (*saved, error) {
	all := map[string]*saved{}
	text, err := os.ReadFile(filepath.Join(dir, fileName))
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s := all[url]
	if s == nil {
		s = &saved{}
		all[url] = s
	}
	s.dir, s.url, s.all = dir, url, all
	return s, nil
}

func (s *saved) setSession(token string) error {
	s.Session = token
	return s.save()
}

// setDevice takes the device's new name, which takes the place of the one before.
func (s *saved) setDevice(token string) error {
	if token == "" || token == s.Device { //nolint:gosec // both are ours, and nobody measures this
		return nil
	}
	s.Device = token
	return s.save()
}

// save puts a whole file in the place of the old one, so that there is none half
// written. CreateTemp makes it with mode 0600.
func (s *saved) save() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(s.all, "", "\t")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, fileName)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.dir, fileName))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
