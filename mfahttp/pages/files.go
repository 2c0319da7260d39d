package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// files are the stylesheet and the scripts, by name, under names that change with them,
// so that browsers may keep them for good.
type files map[string]file

type file struct {
	content []byte
	tag     string
}

// What files have for those who read them here, and not in a browser: a page is to weigh
// little.
var (
	commentLines = regexp.MustCompile(`(?m)^\s*//.*\n`)
	indents      = regexp.MustCompile(`(?m)^[ \t]+`)
)

func newFiles(theme string) files {
	out := files{}
	list, _ := fs.ReadDir(staticFiles, "static") // it is there
	for _, entry := range list {
		content, _ := fs.ReadFile(staticFiles, "static/"+entry.Name())
		if entry.Name() == "style.css" {
			content = append(content, theme...)
		}
		content = indents.ReplaceAll(commentLines.ReplaceAll(content, nil), nil)
		sum := sha256.Sum256(content)
		out[entry.Name()] = file{content, hex.EncodeToString(sum[:8])}
	}
	return out
}

// versioned is the name under which a file is asked for.
func (f files) versioned(name string) string { return name + "?v=" + f[name].tag }

// ServeHTTP answers with a file. An old version in the address gets the present one, which
// is not to be kept then.
func (f files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	found, ok := f[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", strings.Replace(mime.TypeByExtension(path.Ext(name)), "application/javascript", "text/javascript", 1))
	h.Set("X-Content-Type-Options", "nosniff")
	if r.URL.Query().Get("v") == found.tag {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	w.Write(found.content) // an error means that the client has gone
}
