package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mfakit/mfa"
)

// readRing reads the file of a key ring.
func (p *program) readRing(file string) (*mfa.KeyRing, error) {
	text, err := p.readKeys(file)
	if err != nil {
		return nil, err
	}
	ring, err := mfa.ParseKeyRing(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return ring, nil
}

// othersMayRead are the rights that the file of a key ring should not give.
const othersMayRead = 0o077

func (p *program) readKeys(file string) ([]byte, error) {
	if file == "" {
		return nil, usagef("-keys or MFA_KEYS has to name the file with the key ring")
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no key ring %s", file)
	}
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&othersMayRead != 0 {
		p.warn("others on this machine may read the keys in %s: chmod 600 it", file)
	}
	return text, nil
}

// writeRing makes the file of a key ring: for its owner alone, whole, on the disk when this
// returns, and never in the place of another, whose keys would be lost.
func writeRing(file string, ring *mfa.KeyRing) error {
	text, err := ring.Export()
	if err != nil {
		return err
	}
	return writeNew(file, text)
}

func writeNew(file string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // a name too many does no harm
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and is not written over", file)
	} else if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder makes a new name survive a power cut.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// The lines of a ring's text, see mfa.KeyRing.Export: what it is, the index key, and the
// sealing keys, of which the first seals.
const (
	indexLine = 1
	firstKey  = 2
)

// keyIDs are the identifiers of a ring's keys, as they begin what each has sealed. They say
// nothing of the secrets.
func keyIDs(text []byte) ([]string, error) {
	lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	if _, err := mfa.ParseKeyRing(text); err != nil {
		return nil, err
	}
	var ids []string
	for _, line := range lines[firstKey:] {
		alone, err := mfa.ParseKeyRing([]byte(strings.Join([]string{lines[0], lines[indexLine], line}, "\n")))
		if err != nil {
			return nil, err
		}
		sealed, err := alone.Seal(nil, "mfactl")
		if err != nil {
			return nil, err
		}
		ids = append(ids, fmt.Sprintf("%x", sealed[1:5])) // after the format
	}
	return ids, nil
}

// standby is a ring with its newest key in the second place, where it opens and does not
// seal: for a first deployment to processes of which some do not have it yet.
func standby(ring *mfa.KeyRing) (*mfa.KeyRing, error) {
	text, err := ring.Export()
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	lines[firstKey], lines[firstKey+1] = lines[firstKey+1], lines[firstKey]
	return mfa.ParseKeyRing([]byte(strings.Join(lines, "\n") + "\n"))
}
