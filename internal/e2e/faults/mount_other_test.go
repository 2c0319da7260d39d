//go:build !linux

package faults_test

import (
	"errors"
	"testing"
)

func mountSmall(*testing.T, string, int) error { return errors.New("this is not Linux") }
