package notify

import "testing"

func TestMemoryForgets(t *testing.T) {
	var m memory
	for i := range maxTaken + 1 {
		m.add(string(rune('a' + i)))
	}
	if len(m.ids) != maxTaken || m.has("a") || !m.has("b") {
		t.Errorf("%d are kept", len(m.ids))
	}
}
