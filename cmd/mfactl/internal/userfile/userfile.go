// Package userfile reads lists of users, which other people's programs write.
package userfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// Form says what such a file is, with its name in backquotes as [flag.UnquoteUsage] wants it.
const Form = "`file` with the service's users: CSV with a header of id, name, email, email_verified, phone, created_at, kind and attr.NAME for attributes, of which id " +
	"alone is needed; or a JSON object with these members and attributes on each line"

// A row is a user as the service's table has them.
type row struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	Email         string            `json:"email"`
	EmailVerified bool              `json:"email_verified"`
	Phone         string            `json:"phone"`
	CreatedAt     string            `json:"created_at"`
	Kind          string            `json:"kind"`
	Attributes    map[string]string `json:"attributes"`
}

func (r row) user() (mfa.User, error) {
	u := mfa.User{ID: r.ID, Name: r.Name, Email: r.Email, EmailVerified: r.EmailVerified, Phone: r.Phone, Attributes: r.Attributes}
	if r.ID == "" {
		return u, errors.New("a user has no id")
	}
	switch mfa.UserKind(r.Kind) {
	case mfa.Person, "person":
	case mfa.Service:
		u.Kind = mfa.Service
	default:
		return u, errors.New("the kind is neither person nor service")
	}
	if r.CreatedAt == "" {
		return u, nil
	}
	for _, form := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if at, err := time.Parse(form, r.CreatedAt); err == nil {
			u.CreatedAt = at
			return u, nil
		}
	}
	return u, errors.New("created_at is no date as in RFC 3339")
}

// Open reads a file. Its users come row by row; a row that is wrong is an error of its
// own, which quotes nothing of it.
func Open(name string) (iter.Seq2[mfa.User, error], error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return read(text)
}

func read(text []byte) (iter.Seq2[mfa.User, error], error) {
	if strings.HasPrefix(strings.TrimSpace(string(text)), "{") {
		return objects(text), nil
	}
	return table(text)
}

func objects(text []byte) iter.Seq2[mfa.User, error] {
	return func(yield func(mfa.User, error) bool) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		for n := 1; ; n++ {
			var r row
			err := d.Decode(&r)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil { // what comes after it cannot be told from it
				yield(mfa.User{}, fmt.Errorf("object %d cannot be read", n))
				return
			}
			u, err := r.user()
			if err != nil {
				err = fmt.Errorf("object %d: %w", n, err)
			}
			if !yield(u, err) {
				return
			}
		}
	}
}

// columns set a cell.
var columns = map[string]func(*row, string) error{
	"id":         func(r *row, v string) error { r.ID = v; return nil },
	"name":       func(r *row, v string) error { r.Name = v; return nil },
	"email":      func(r *row, v string) error { r.Email = v; return nil },
	"phone":      func(r *row, v string) error { r.Phone = v; return nil },
	"created_at": func(r *row, v string) error { r.CreatedAt = v; return nil },
	"kind":       func(r *row, v string) error { r.Kind = v; return nil },
	"email_verified": func(r *row, v string) error {
		switch strings.ToLower(v) {
		case "true", "t", "1", "yes":
			r.EmailVerified = true
		case "false", "f", "0", "no", "":
		default:
			return errors.New("email_verified is neither true nor false")
		}
		return nil
	},
}

const attribute = "attr."

func table(text []byte) (iter.Seq2[mfa.User, error], error) {
	c := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	header, err := c.Read()
	if err != nil || !slices.Contains(header, "id") {
		return nil, errors.New("the first line has to name the columns, id among them")
	}
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return nil, fmt.Errorf("there are two columns %q", name)
		}
		if columns[name] == nil && !strings.HasPrefix(name, attribute) {
			return nil, fmt.Errorf("there is no column %q; attributes begin with %s", name, attribute)
		}
	}
	return func(yield func(mfa.User, error) bool) {
		for {
			cells, err := c.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			line := 0
			var u mfa.User
			if err == nil {
				line, _ = c.FieldPos(0)
				u, err = tableUser(header, cells)
			}
			if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
				line, err = parse.Line, parse.Err
			}
			if err != nil {
				err = fmt.Errorf("line %d: %w", line, err)
			}
			if !yield(u, err) {
				return
			}
		}
	}, nil
}

func tableUser(header, cells []string) (mfa.User, error) {
	var r row
	for i, name := range header {
		if set := columns[name]; set != nil {
			if err := set(&r, cells[i]); err != nil {
				return mfa.User{ID: r.ID}, err
			}
		} else if cells[i] != "" {
			if r.Attributes == nil {
				r.Attributes = map[string]string{}
			}
			r.Attributes[strings.TrimPrefix(name, attribute)] = cells[i]
		}
	}
	return r.user()
}
