package sqlstore

import (
	"context"
	"errors"
	"reflect"
)

// statementTries bounds how often a statement is run that the database has undone
// by itself. A second time is nearly always enough: whoever was in the way has
// written, and the version is another then.
const statementTries = 5

// retried runs one statement outside of transactions, again where the database has
// refused it for the sake of another and done nothing.
func retried(ctx context.Context, f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if err == nil || try == statementTries || ctx.Err() != nil || !undone(err) {
			return err
		}
	}
}

// undone says whether an error means that the whole transaction, which one statement
// is by itself, was rolled back: a deadlock, or a conflict of serializable
// transactions. Both are their database's way to say: try again.
func undone(err error) bool {
	switch sqlState(err) {
	case "40001", "40P01":
		return true
	}
	return false
}

// sqlState is the code that the SQL standard has for an error. Drivers of PostgreSQL
// have a method for it, and go-sql-driver/mysql a field.
func sqlState(err error) string {
	var method interface{ SQLState() string }
	if errors.As(err, &method) {
		return method.SQLState()
	}
	for ; err != nil; err = errors.Unwrap(err) {
		v := reflect.Indirect(reflect.ValueOf(err))
		if v.Kind() != reflect.Struct {
			continue
		}
		field := v.FieldByName("SQLState")
		if !field.IsValid() || !field.CanInterface() {
			continue
		}
		if code, ok := field.Interface().([5]byte); ok {
			return string(code[:])
		}
	}
	return ""
}
