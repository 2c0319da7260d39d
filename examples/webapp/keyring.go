package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mfakit/mfa"
)

// openKeys reads the key ring, or makes it on the very first start. Where there
// is data already, a missing file is an error: a new key would open none of it,
// and everybody's second factor would be lost without a word.
//
// Instances that share a database share a ring. Of several that start at once in one
// folder the first makes it; elsewhere it has to be brought.
func openKeys(c config, used bool) (*mfa.KeyRing, error) {
	if c.keys == "" {
		return mfa.NewKeyRing() // all in memory: the ring ends with its data
	}
	ring, err := readKeys(c.keys)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return ring, err
	case used && c.shared():
		return nil, fmt.Errorf("the key ring %s is missing, and without it nothing in %s can be read: "+
			"bring the file from another instance or from a backup, or name it with -keys; "+
			"to give up the data and start anew, name an empty database", c.keys, c.values.name)
	case used:
		return nil, fmt.Errorf("the key ring %s is missing, and without it nothing in %s can be read: "+
			"bring the file back from a backup, or name it with -keys; "+
			"to give up the data and start anew, move the database away", c.keys, c.values.name)
	}
	ring, err = makeKeys(c.keys)
	if errors.Is(err, fs.ErrExist) {
		return readKeys(c.keys)
	}
	return ring, err
}

func readKeys(file string) (*mfa.KeyRing, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("key ring: %w", err)
	}
	ring, err := mfa.ParseKeyRing(text)
	if err != nil {
		return nil, fmt.Errorf("key ring %s: %w", file, err)
	}
	return ring, nil
}

// makeKeys makes a ring and its file. The file is written in full under another
// name and then linked, so that a crash leaves no half a ring, and of two
// programs that start together the second gets an error and not a second ring.
func makeKeys(file string) (*mfa.KeyRing, error) {
	ring, err := mfa.NewKeyRing()
	if err != nil {
		return nil, err
	}
	text, err := ring.Export()
	if err != nil {
		return nil, err
	}
	if err := writeNew(file, text); err != nil {
		return nil, fmt.Errorf("making the key ring: %w", err)
	}
	return ring, nil
}

// writeNew makes a file that only its owner can read, whole and on the disk
// when it returns, and never in place of another.
func writeNew(file string, text []byte) error {
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, filepath.Base(file)+".*") // mode 0600, O_EXCL
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // a name too many does no harm
	_, err1 := f.Write(text)
	if err := errors.Join(err1, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the new name itself survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
