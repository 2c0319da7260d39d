package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestC20_EveryExportedTypeIsKnown compares the list with the source.
func TestC20_EveryExportedTypeIsKnown(t *testing.T) {
	want, listed := declared(t), map[string]bool{}
	for _, x := range exported {
		name := x.PkgPath() + "." + x.Name()
		if listed[name] = true; !want[name] {
			t.Errorf("%s is in the list and may hold no text, or does not exist", name)
		}
	}
	for name := range want {
		if !listed[name] {
			t.Errorf("%s is not in the list exported", name)
		}
	}
}

// The ways of printing. A program that logs by slog in JSON prints the JSON of what
// has no LogValue.
var ways = map[string]func(w *bytes.Buffer, v any){
	"print": func(w *bytes.Buffer, v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(w, verb+"\n", v)
		}
		fmt.Fprintln(w, v, fmt.Errorf("failed with %v", v))
		fmt.Fprintf(w, "%+v %+v", []any{v}, struct{ V any }{v})
	},
	"log": func(w *bytes.Buffer, v any) {
		for _, h := range []slog.Handler{slog.NewTextHandler(w, nil), slog.NewJSONHandler(w, nil)} {
			slog.New(h).Info("m", "v", v, slog.Group("g", slog.Any("v", v)))
		}
	},
	"json": func(w *bytes.Buffer, v any) {
		if b, err := json.Marshal(v); err == nil {
			w.Write(b)
		} else {
			fmt.Fprint(w, err)
		}
	},
}

// seen are the canaries in a text: as they are, and as bytes are written.
func (p *planter) seen(text string) (paths []string) {
	lower := strings.ToLower(text)
	for i, path := range p.paths {
		c := []byte(fmt.Sprintf("canary%06d", i))
		for _, form := range []string{
			string(c), hex.EncodeToString(c), base64.StdEncoding.EncodeToString(c),
			strings.Trim(fmt.Sprint(c), "[]"), strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", c), "[]byte{"), "}"),
		} {
			if strings.Contains(text, form) || strings.Contains(lower, form) {
				paths = append(paths, path)
				break
			}
		}
	}
	return paths
}

// shown are the fields of a type that a way of printing shows.
func shown(t *testing.T, x reflect.Type, way string) []string {
	t.Helper()
	var p planter
	v := reflect.New(x)
	p.fill(v.Elem(), name(x), false, 0)
	var out bytes.Buffer
	values := []any{v.Interface()}
	if _, formats := x.MethodByName("Format"); formats || !handed(x) {
		values = append(values, v.Elem().Interface())
	}
	for _, value := range values {
		func() {
			defer func() {
				if r := recover(); r != nil {
					fmt.Fprintf(&out, "panic: %+v\n", r)
				}
			}()
			ways[way](&out, value)
		}()
	}
	found := p.seen(out.String())
	slices.Sort(found)
	return slices.Compact(found)
}

func name(x reflect.Type) string { return strings.TrimPrefix(x.String(), "*") }

// TestC20_A22_TypesPrintNoSecret fills each type with canaries.
func TestC20_A22_TypesPrintNoSecret(t *testing.T) {
	used := map[string]bool{}
	for _, x := range exported {
		for way := range ways {
			for _, path := range shown(t, x, way) {
				if of := purpose(path, way); of != "" {
					used[of] = true
				} else {
					t.Errorf("%s: %s shows %s", way, name(x), path)
				}
			}
		}
	}
	for _, list := range []map[string]string{harmless, asJSON} {
		for of := range list {
			if !used[of] {
				t.Errorf("%s is no exception any more", of)
			}
		}
	}
}

// handed says whether a type formats itself where it is pointed to, which is how its
// package hands it out.
func handed(x reflect.Type) bool {
	_, formats := reflect.PointerTo(x).MethodByName("Format")
	return formats
}

// purpose is the exception under which a field may be shown, or "".
func purpose(path, way string) string {
	owner, _, _ := strings.Cut(path, " ")
	typ := owner[:max(strings.LastIndex(owner, "."), 0)]
	for _, of := range []string{owner, typ} {
		if harmless[of] != "" {
			return of
		}
		if way == "json" && asJSON[of] != "" {
			return of
		}
	}
	return ""
}

// Types that give something away, each in its way, and one that does not.
type (
	bare    struct{ Token string }
	inner   struct{ password string }
	outer   struct{ inner inner }
	listed  struct{ Codes []string }
	kept    struct{ Data []byte }
	marshal struct{ Secret string }
	careful struct {
		Name  string
		Token string `json:"-"`
	}
)

var _ = outer{inner{password: ""}}

func (marshal) Format(w fmt.State, _ rune) { fmt.Fprint(w, "marshal") }

func (careful) Format(w fmt.State, _ rune) { fmt.Fprint(w, "careful") }

func (careful) LogValue() slog.Value { return slog.StringValue("careful") }

func TestC20_TheCheckSeesWhatIsShown(t *testing.T) {
	for x, want := range map[reflect.Type]string{
		reflect.TypeFor[bare]():    "json log print",
		reflect.TypeFor[outer]():   "log print", // by the text handler
		reflect.TypeFor[listed]():  "json log print",
		reflect.TypeFor[kept]():    "json log print",
		reflect.TypeFor[marshal](): "json log", // by the JSON handler
		reflect.TypeFor[careful](): "",
	} {
		var seen []string
		for way := range ways {
			if len(shown(t, x, way)) > 0 {
				seen = append(seen, way)
			}
		}
		slices.Sort(seen)
		if got := strings.Join(seen, " "); got != want {
			t.Errorf("%s is seen by %q, want %q", name(x), got, want)
		}
	}
}
