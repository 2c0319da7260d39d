package cell

import "testing"

func TestText(t *testing.T) {
	for _, cell := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|calc", "%1", "＝1", "＋1", "－1", "＠1", " =1", "\u00a0=1", "\u3000 =1"} {
		if got := Text(cell); got != "'"+cell {
			t.Errorf("%q stays %q", cell, got)
		}
	}
	for _, cell := range []string{"", " ", "ada", "a=b", "1-1", "'=1", "ä", `"`} {
		if got := Text(cell); got != cell {
			t.Errorf("%q becomes %q", cell, got)
		}
	}
}
