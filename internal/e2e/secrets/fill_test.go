package secrets

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unsafe"

	"github.com/mfakit/mfa/migrate"
)

// secretName is what fields are called that hold a secret, a code, a token, or a whole
// number or address. Bytes are secret whatever they are called.
var secretName = regexp.MustCompile(`(?i)(secret|token|password|passcode|pepper|seed|credential|handle|challenge|pending|state|` +
	`uri|qr|answer|plain|hash|digest|dsn|cookie|dump|cipher|pin|ticket|verifier|salt|raw|` +
	`codes?|keys?|phones?|numbers?|e?mails?|addresse?s?|address|destinations?|header|query|form|attributes|parameters|also|to|body|text|link)$`)

const (
	plain   = "filler"
	deepest = 8 // how far fields of fields are filled
)

// A planter fills values, and knows which canary is where.
type planter struct {
	paths []string // of each canary's field
}

// canary is a new one, of twelve bytes: base64 does not pad it.
func (p *planter) canary(path string) string {
	p.paths = append(p.paths, path)
	return fmt.Sprintf("canary%06d", len(p.paths)-1)
}

// fill sets all that v holds, unexported fields too. named says that v is of a field
// with a secret's name.
func (p *planter) fill(v reflect.Value, path string, named bool, depth int) {
	if depth > deepest || foreign(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if named && !word(v.Type()) {
			v.SetString(p.canary(path))
		} else {
			v.SetString(plain)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.Set(reflect.ValueOf([]byte(p.canary(path))).Convert(v.Type()))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		p.fill(v.Index(0), path, named, depth+1)
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			reflect.Copy(v, reflect.ValueOf([]byte(p.canary(path))).Convert(reflect.SliceOf(v.Type().Elem())))
			return
		}
		for i := range min(v.Len(), 1) {
			p.fill(v.Index(i), path, named, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		p.fill(key, path+" (key)", named, depth+1)
		p.fill(elem, path, named, depth+1)
		v.SetMapIndex(key, elem)
	case reflect.Pointer:
		if elem := v.Type().Elem(); !foreign(elem) {
			v.Set(reflect.New(elem))
			p.fill(v.Elem(), path, named, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Name == "_" {
				continue
			}
			path := name(v.Type()) + "." + f.Name
			at := reflect.NewAt(f.Type, unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem() //nolint:gosec // unexported fields are printed too
			p.fill(at, path, secretName.MatchString(f.Name), depth+1)
		}
	}
}

// foreign are structs of others: what they print is theirs to say.
func foreign(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.Name() != "" && !strings.HasPrefix(t.PkgPath(), module)
}

// word says whether a type's values are a few words that the source lists: a state, a
// kind. migrate.Secret is the one that is not.
func word(t reflect.Type) bool {
	return t.Name() != "" && strings.HasPrefix(t.PkgPath(), module) && t != reflect.TypeFor[migrate.Secret]()
}
