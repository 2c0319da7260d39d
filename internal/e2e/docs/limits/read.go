package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A group is a table: what stands in one declaration.
type group struct {
	title, text string
	rows        []row
}

type row struct{ names, values, why string }

// A source is a parsed file, with the values of its constants.
type source struct {
	set    *token.FileSet
	file   *ast.File
	text   []byte
	values map[*ast.Ident]types.Object
	types  map[ast.Expr]types.TypeAndValue
}

func parse(root, name string) (source, error) {
	s := source{set: token.NewFileSet(), values: map[*ast.Ident]types.Object{}, types: map[ast.Expr]types.TypeAndValue{}}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return s, err
	}
	s.text = text
	if s.file, err = parser.ParseFile(s.set, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return s, err
	}
	// What else the file uses is of no matter here: a constant whose value cannot be
	// told is an error further on.
	conf := types.Config{Importer: onlyTime{}, Error: func(error) {}}
	_, _ = conf.Check(name, s.set, []*ast.File{s.file}, &types.Info{Defs: s.values, Types: s.types})
	return s, nil
}

// onlyTime imports as much of package time as limits are made of.
type onlyTime struct{}

func (onlyTime) Import(path string) (*types.Package, error) {
	if path != "time" {
		return nil, errors.New("not looked at")
	}
	p := types.NewPackage("time", "time")
	duration := types.NewNamed(types.NewTypeName(token.NoPos, p, "Duration", nil), types.Typ[types.Int64], nil)
	p.Scope().Insert(duration.Obj())
	for name, d := range map[string]time.Duration{
		"Nanosecond": time.Nanosecond, "Microsecond": time.Microsecond, "Millisecond": time.Millisecond,
		"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
	} {
		p.Scope().Insert(types.NewConst(token.NoPos, p, name, duration, constant.MakeInt64(int64(d))))
	}
	p.MarkComplete()
	return p, nil
}

// constants are a file's limits: its constants that are numbers, and variables that are
// lists of such. Of some files only those that are named.
func constants(root, name string, only []string) (groups []group, err error) {
	s, err := parse(root, name)
	if err != nil {
		return nil, err
	}
	for _, d := range s.file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.CONST && decl.Tok != token.VAR {
			continue
		}
		var g group
		doc := prose(decl.Doc)
		if decl.Lparen == token.NoPos { // the comment is the one value's
			doc = ""
		}
		g.title, g.text = heading(doc)
		var last *ast.ValueSpec
		for _, spec := range decl.Specs {
			v := spec.(*ast.ValueSpec)
			names, values, err := s.numbers(v, decl.Tok, only)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if len(names) == 0 {
				continue
			}
			doc, comment := v.Doc, v.Comment
			if decl.Lparen == token.NoPos {
				doc = decl.Doc
			}
			if unit := prose(comment); unit != "" && !strings.Contains(unit, " ") && len(values) == 1 {
				values[0], comment = values[0]+" "+unit, nil
			}
			why := said(v.Names[0].Name, prose(doc, comment))
			if n := len(g.rows) - 1; why == "" && last != nil && last.Doc != nil && last.Comment == nil && s.line(v.Pos()) == s.line(last.End())+1 {
				g.rows[n].names += ", " + strings.Join(names, ", ") // one comment for both
				g.rows[n].values += "; " + strings.Join(values, "; ")
				last = &ast.ValueSpec{Doc: last.Doc, Names: v.Names, Values: v.Values, Type: v.Type}
				continue
			}
			g.rows = append(g.rows, row{strings.Join(names, ", "), strings.Join(values, "; "), why})
			last = v
		}
		if len(g.rows) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// joined adds groups to others; one without a title goes on with the one before.
func joined(groups, more []group) []group {
	for _, g := range more {
		if n := len(groups) - 1; n >= 0 && g.title == "" {
			groups[n].rows = append(groups[n].rows, g.rows...)
		} else {
			groups = append(groups, g)
		}
	}
	return groups
}

func (s source) line(p token.Pos) int { return s.set.Position(p).Line }

// numbers are the names and values of those that are limits.
func (s source) numbers(v *ast.ValueSpec, tok token.Token, only []string) (names, values []string, err error) {
	for i, name := range v.Names {
		if only != nil && !slices.Contains(only, name.Name) || name.Name == "_" {
			continue
		}
		var value string
		if tok == token.VAR {
			if value = s.list(v.Values[i]); value == "" {
				continue
			}
		} else {
			c, ok := s.values[name].(*types.Const)
			if !ok || c.Val().Kind() == constant.Unknown {
				return nil, nil, fmt.Errorf("the value of %s is not known", name.Name)
			}
			if c.Val().Kind() == constant.String || c.Val().Kind() == constant.Bool {
				continue
			}
			size := len(v.Values) > i && strings.Contains(s.written(v.Values[i]), "<<")
			value = shown(c.Val(), c.Type().String() == "time.Duration", size)
		}
		names = append(names, "`"+name.Name+"`")
		values = append(values, value)
	}
	return names, values, nil
}

// list is what stands in a literal of durations or of named numbers; empty: it is none.
func (s source) list(e ast.Expr) string {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	var out []string
	for _, e := range lit.Elts {
		name, value := "", e
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			name, value = s.written(kv.Key)+": ", kv.Value
		}
		known, ok := s.types[value]
		if !ok || known.Value == nil {
			return ""
		}
		out = append(out, name+shown(known.Value, known.Type.String() == "time.Duration", false))
	}
	return strings.Join(out, ", ")
}

// written is the source of an expression.
func (s source) written(e ast.Expr) string {
	return string(s.text[s.set.Position(e.Pos()).Offset:s.set.Position(e.End()).Offset])
}

// fields are what the comments of a struct's fields say, in the order asked for.
func fields(root string, want setting) ([]string, error) {
	s, err := parse(root, want.file)
	if err != nil {
		return nil, err
	}
	comments := map[string]string{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		t, ok := n.(*ast.TypeSpec)
		if !ok || t.Name.Name != want.typ {
			return true
		}
		if st, ok := t.Type.(*ast.StructType); ok {
			for _, f := range st.Fields.List {
				for _, name := range f.Names {
					comments[name.Name] = said(name.Name, prose(f.Doc, f.Comment))
				}
			}
		}
		return false
	})
	var out []string
	for _, f := range want.fields {
		if comments[f] == "" {
			return nil, fmt.Errorf("%s: %s.%s is not there, or has no comment", want.file, want.typ, f)
		}
		out = append(out, comments[f])
	}
	return out, nil
}

var link = regexp.MustCompile(`\[\*?([A-Za-z_.]+)\]`)

// prose is what comments say, as one line of a table.
func prose(groups ...*ast.CommentGroup) string {
	var out []string
	for _, g := range groups {
		if g != nil {
			out = append(out, strings.Join(strings.Fields(g.Text()), " "))
		}
	}
	text := link.ReplaceAllString(strings.Join(out, " "), "`$1`")
	return strings.ReplaceAll(text, "|", "\\|")
}

// said is a comment without the name that it begins with.
func said(name, comment string) string {
	rest, ok := strings.CutPrefix(comment, name)
	if !ok || strings.HasPrefix(rest, " and ") {
		return comment
	}
	for _, verb := range []string{" is ", " are ", ": ", " "} {
		if more, ok := strings.CutPrefix(rest, verb); ok {
			return more
		}
	}
	return comment
}

// heading is a declaration's comment as a heading, and what else it says.
func heading(doc string) (title, text string) {
	title, text, _ = strings.Cut(doc, ". ")
	title = strings.TrimSuffix(title, ".")
	if strings.HasPrefix(title, "All limits") { // the comment of the file
		return "", ""
	}
	title, more, found := strings.Cut(title, ": ")
	if found {
		more = strings.ToUpper(more[:1]) + more[1:] + "."
	}
	return title, strings.TrimSpace(more + " " + text)
}
