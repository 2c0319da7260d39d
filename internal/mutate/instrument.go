package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/constant"
	"go/printer"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A mutant is one mistake that can be switched on.
type mutant struct {
	file, function, text string
	line                 int
}

// name is what the list of the equivalent ones knows it by: no line, which moves.
func (m mutant) name() string { return m.file + " | " + m.function + " | " + m.text }

// An instrumenter writes mistakes into a file, each behind a switch. All of them are in
// one program, which is built once.
type instrumenter struct {
	fset     *token.FileSet
	info     *types.Info
	pkg      *types.Package
	file     *ast.File
	source   []byte
	name     string // of the file
	function string // that is being walked
	edits    []edit
	asked    map[ast.Expr]bool // conditions whose mistakes are made already
	all      *[]mutant
}

// An edit puts something around a part of the source.
type edit struct {
	from, to int
	wrap     func(inner string) string
}

func (in *instrumenter) at(p token.Pos) int { return in.fset.Position(p).Offset }

// code is how a node stands in the source, without any mistake.
func (in *instrumenter) code(n ast.Node) string {
	return string(in.source[in.at(n.Pos()):in.at(n.End())])
}

// add makes a mistake at a node by what stands before and after it; # is its number.
func (in *instrumenter) add(n ast.Node, becomes, before, after string) {
	var out bytes.Buffer
	_ = printer.Fprint(&out, in.fset, n) // to a buffer
	text := strings.Join(strings.Fields(out.String()), " ")
	if len(text) > 160 {
		text = text[:80] + " ... " + text[len(text)-80:]
	}
	m := mutant{in.name, in.function, text + " => " + becomes, in.fset.Position(n.Pos()).Line}
	for same := 2; slices.ContainsFunc(*in.all, func(o mutant) bool { return o.name() == m.name() }); same++ {
		m.text = fmt.Sprintf("%s => %s (%d)", text, becomes, same)
	}
	number := fmt.Sprint(len(*in.all))
	*in.all = append(*in.all, m)
	in.edits = append(in.edits, edit{in.at(n.Pos()), in.at(n.End()), func(inner string) string {
		return strings.ReplaceAll(before, "#", number) + inner + after
	}})
}

// rendered is the part of the source between two offsets with the edits in it, the outer ones first.
func (in *instrumenter) rendered(from, to int, edits []edit) string {
	var out strings.Builder
	for len(edits) > 0 {
		e, n := edits[0], 1
		for n < len(edits) && edits[n].from < e.to {
			n++
		}
		out.Write(in.source[from:e.from])
		out.WriteString(e.wrap(in.rendered(e.from, e.to, edits[1:n])))
		from, edits = e.to, edits[n:]
	}
	out.Write(in.source[from:to])
	return out.String()
}

// instrumented is the whole file with all its mistakes.
func (in *instrumenter) instrumented() string {
	in.asked = map[ast.Expr]bool{}
	for _, d := range in.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Body != nil {
				in.function = d.Name.Name
				if d.Recv != nil {
					in.function = strings.TrimPrefix(in.code(d.Recv.List[0].Type), "*") + "." + in.function
				}
				in.walk(d.Body)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if v, ok := s.(*ast.ValueSpec); ok && d.Tok == token.VAR {
					in.function = v.Names[0].Name
					for _, e := range v.Values {
						in.walk(e)
					}
				}
			}
		}
	}
	slices.SortStableFunc(in.edits, func(a, b edit) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	return in.rendered(0, len(in.source), in.edits)
}

func (in *instrumenter) walk(root ast.Node) {
	var above []ast.Node
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			above = above[:len(above)-1]
			return true
		}
		var parent ast.Node
		if len(above) > 0 {
			parent = above[len(above)-1]
		}
		if g, ok := n.(*ast.GenDecl); ok && g.Tok != token.VAR {
			return false
		}
		switch n := n.(type) {
		case ast.Stmt:
			in.statement(n, parent)
		case ast.Expr:
			if !in.expression(n, parent) {
				return false
			}
		}
		above = append(above, n)
		return true
	})
}

// statement drops what has an effect.
func (in *instrumenter) statement(s ast.Stmt, parent ast.Node) {
	if c, ok := parent.(*ast.CommClause); ok && c.Comm == s {
		return
	}
	switch parent.(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
	default:
		return
	}
	drop := false
	switch s := s.(type) {
	case *ast.IncDecStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt:
		drop = true
	case *ast.ExprStmt:
		drop = !strings.HasPrefix(in.code(s), "panic(")
	case *ast.AssignStmt:
		drop = s.Tok != token.DEFINE && in.code(s.Lhs[0]) != "_"
	case *ast.BranchStmt:
		drop = s.Tok == token.CONTINUE || s.Tok == token.BREAK
	case *ast.ReturnStmt:
		drop = len(s.Results) == 0
	}
	if drop {
		in.add(s, "dropped", "if !mutantOn(#) { ", " }")
	}
}

// expression makes the mistakes of one expression. It says whether to look inside.
func (in *instrumenter) expression(e ast.Expr, parent ast.Node) bool {
	tv := in.info.Types[e]
	switch p := parent.(type) {
	case *ast.AssignStmt:
		if slices.Contains(p.Lhs, e) {
			return true
		}
	case *ast.KeyValueExpr:
		if p.Key == e {
			return false
		}
	case *ast.CaseClause:
		if tv.Value != nil && tv.Value.Kind() != constant.Bool {
			in.caseOf(e, tv)
			return false
		}
	case *ast.ExprStmt, *ast.DeferStmt, *ast.GoStmt:
		return true // what a call says is not looked at
	case *ast.SelectorExpr, *ast.RangeStmt, *ast.IncDecStmt:
		if tv.Value != nil {
			return false
		}
	case *ast.UnaryExpr:
		if p.Op == token.AND {
			return true
		}
	}
	if !tv.IsValue() {
		_, list := e.(*ast.KeyValueExpr)
		return list || tv.Type != nil && !tv.IsType() // a call without a result
	}
	if b, ok := types.Unalias(tv.Type).(*types.Basic); ok && b.Info()&types.IsBoolean != 0 {
		if !in.asked[e] {
			_, loop := parent.(*ast.ForStmt)
			in.condition(e, !loop, true)
		}
	} else if in.left(e, parent) {
		in.add(e, "zero", "mutantZero(#, ", ")")
	}
	if tv.Value != nil {
		in.constant(e, tv, parent)
		return false
	}
	switch e := e.(type) {
	case *ast.BinaryExpr:
		in.binary(e, tv)
	case *ast.CallExpr:
		in.call(e)
	}
	return true
}

// condition makes it always true and always false. What another mistake implies is left
// out: whoever sees an operand gone from a conjunction sees all of it true.
func (in *instrumenter) condition(e ast.Expr, yes, no bool) {
	in.asked[e] = true
	switch x := e.(type) {
	case *ast.ParenExpr:
		in.condition(x.X, yes, no)
		return
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			in.condition(x.X, no, yes)
			return
		}
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LAND:
			in.condition(x.X, true, false)
			in.condition(x.Y, true, false)
			yes = false
		case token.LOR:
			in.condition(x.X, false, true)
			in.condition(x.Y, false, true)
			no = false
		}
	}
	if v := in.info.Types[e].Value; v != nil {
		yes, no = yes && !constant.BoolVal(v), no && constant.BoolVal(v)
	}
	if yes {
		in.add(e, "true", "(mutantOn(#) || ", ")")
	}
	if no {
		in.add(e, "false", "(!mutantOn(#) && (", "))")
	}
}

// left says whether an expression is a field or a result that could be forgotten.
func (in *instrumenter) left(e ast.Expr, parent ast.Node) bool {
	tv := in.info.Types[e]
	if _, tuple := tv.Type.(*types.Tuple); tuple || tv.Value != nil || tv.IsNil() {
		return false
	}
	if _, function := tv.Type.Underlying().(*types.Signature); function {
		return false
	}
	if c, ok := e.(*ast.CompositeLit); ok && (c.Type == nil || len(c.Elts) == 0) {
		return false
	}
	switch p := parent.(type) {
	case *ast.ReturnStmt: // beside an error nobody looks at the others
		last := p.Results[len(p.Results)-1]
		return e == last || in.info.Types[last].IsNil() || in.info.TypeOf(last).String() != "error"
	case *ast.KeyValueExpr:
		return p.Value == e
	case *ast.CompositeLit:
		_, fields := in.info.TypeOf(p).Underlying().(*types.Struct)
		return fields
	}
	return false
}

// The operators that are taken for one another.
var operators = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.ADD, token.QUO: token.MUL, token.REM: token.MUL,
	token.AND: token.OR, token.OR: token.AND, token.XOR: token.OR, token.SHL: token.SHR, token.SHR: token.SHL,
}

func (in *instrumenter) binary(e *ast.BinaryExpr, tv types.TypeAndValue) {
	other, ok := operators[e.Op]
	if b, basic := tv.Type.Underlying().(*types.Basic); !ok || basic && b.Info()&types.IsString != 0 {
		return
	}
	mistake := in.code(e.X) + " " + other.String() + " " + in.code(e.Y)
	if b, basic := tv.Type.Underlying().(*types.Basic); basic && b.Info()&types.IsBoolean != 0 {
		in.add(e, other.String(), "(mutantOn(#) && ("+mistake+") || !mutantOn(#) && (", "))")
		return
	}
	in.add(e, other.String(), "mutantPick(#, "+mistake+", ", ")")
}

func (in *instrumenter) call(e *ast.CallExpr) {
	switch name := in.code(e.Fun); name {
	case "slices.Clone", "slices.Clip", "maps.Clone":
		in.add(e, "the same", "mutantPick(#, "+in.code(e.Args[0])+", ", ")")
	case "min", "max":
		other := map[string]string{"min": "max", "max": "min"}[name]
		in.add(e, other, "mutantPick(#, "+other+strings.TrimPrefix(in.code(e), name)+", ", ")")
	}
}

// constant makes a number another one: one more, or a duration of twice the length. Where
// it is compared for equality that is a condition's mistake already.
func (in *instrumenter) constant(e ast.Expr, tv types.TypeAndValue, parent ast.Node) {
	if b, ok := parent.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		return
	}
	if c, ok := parent.(*ast.CallExpr); ok { // part of a message
		if f, ok := in.info.TypeOf(c.Fun).(*types.Signature); ok && f.Variadic() && f.Params().At(f.Params().Len()-1).Type().String() == "[]any" {
			return
		}
	}
	b, ok := tv.Type.Underlying().(*types.Basic)
	named, known := in.typeName(tv.Type)
	if !ok || !known || b.Info()&types.IsInteger == 0 || b.Kind() == types.Uint8 || b.Kind() == types.Int32 || b.Info()&types.IsUntyped != 0 {
		return
	}
	if named != "time.Duration" {
		in.add(e, "+1", "mutantPick["+named+"](#, "+in.code(e)+"+1, ", ")")
	} else if constant.Sign(tv.Value) != 0 {
		in.add(e, "doubled", "mutantPick["+named+"](#, 2*("+in.code(e)+"), ", ")")
	}
}

// caseOf makes a case of a switch none.
func (in *instrumenter) caseOf(e ast.Expr, tv types.TypeAndValue) {
	named, known := in.typeName(tv.Type)
	switch {
	case known && tv.Value.Kind() == constant.String:
		in.add(e, "no case", "mutantPick["+named+"](#, "+in.code(e)+"+\"\\x00\", ", ")")
	case known && tv.Value.Kind() == constant.Int:
		in.add(e, "no case", "mutantPick["+named+"](#, "+in.code(e)+"^0x55, ", ")")
	}
}

// typeName is how the file can write a type; false: it cannot.
func (in *instrumenter) typeName(t types.Type) (string, bool) {
	known := true
	name := types.TypeString(t, func(p *types.Package) string {
		if p == in.pkg {
			return ""
		}
		known = known && slices.ContainsFunc(in.file.Imports, func(i *ast.ImportSpec) bool { return i.Name == nil && i.Path.Value == `"`+p.Path()+`"` })
		return p.Name()
	})
	return name, known
}
