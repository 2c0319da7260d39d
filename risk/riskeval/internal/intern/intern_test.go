package intern

import (
	"net/netip"
	"testing"
)

func TestTableNumbersInOrder(t *testing.T) {
	var table Table
	if _, ok := table.Find(String("a")); ok {
		t.Error("found in an empty table")
	}
	for i, s := range []string{"a", "b", "a", "c"} {
		id, fresh := table.Add(String(s))
		if want := []uint32{0, 1, 0, 2}[i]; id != want || fresh != (i != 2) {
			t.Errorf("%s: %d, %v", s, id, fresh)
		}
	}
	if id, ok := table.Find(String("c")); !ok || id != 2 || table.Len() != 3 || table.Bytes() <= 0 {
		t.Error(id, ok, table.Len())
	}
}

func TestKeysDiffer(t *testing.T) {
	if Addr(netip.MustParseAddr("1.2.3.4")) == Addr(netip.MustParseAddr("1.2.3.5")) || String("a") == String("b") || Number(1) == Number(2) {
		t.Error("two values have one key")
	}
	if Addr(netip.MustParseAddr("1.2.3.4")) != Addr(netip.MustParseAddr("::ffff:1.2.3.4")) {
		t.Error("an IPv4 address has two keys")
	}
}
