package storetest_test

import (
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/storetest"
)

// The test of an adapter, in its own package. Each case gets a store of its own.
func ExampleRun() {
	// func TestStore(t *testing.T)
	testStore := func(t *testing.T) {
		storetest.Run(t, func(*testing.T) mfa.Store { return memory.New() })
	}
	_ = testStore
}

// Two handles on one database, as two processes have them.
func ExampleRunShared() {
	// func TestTwoProcesses(t *testing.T)
	testTwoProcesses := func(t *testing.T) {
		storetest.RunShared(t, func(*testing.T) (a, b mfa.Store) {
			s := memory.New() // of a database: two connections to the same
			return s, s
		})
	}
	_ = testTwoProcesses
}
