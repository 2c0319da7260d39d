package memory_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// The engine uses a store; this is what it promises: a save that rests on what is no
// longer there is refused.
func Example() {
	ctx := context.Background()
	s := memory.New()
	fmt.Println(s.Save(ctx, "user/7", 0, mfa.Item{Value: []byte("first"), Version: 1}))
	fmt.Println(s.Save(ctx, "user/7", 1, mfa.Item{Value: []byte("second"), Version: 2}))
	err := s.Save(ctx, "user/7", 1, mfa.Item{Value: []byte("of somebody who was slower"), Version: 3})
	fmt.Println(errors.Is(err, mfa.ErrConflict))
	item, err := s.Load(ctx, "user/7")
	fmt.Println(string(item.Value), err)
	// Output:
	// <nil>
	// <nil>
	// true
	// second <nil>
}
