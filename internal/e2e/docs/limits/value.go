package main

import (
	"fmt"
	"go/constant"
	"strconv"
	"time"
)

// shown is a number as people read it.
func shown(v constant.Value, duration, size bool) string {
	n, exact := constant.Int64Val(constant.ToInt(v))
	switch {
	case !exact:
		return v.String()
	case duration:
		return span(time.Duration(n))
	case size && n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case size && n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return grouped(n)
}

// span is a duration in the largest unit that it is a whole number of; days are for
// what is longer than three of them.
func span(d time.Duration) string {
	for _, u := range []struct {
		d    time.Duration
		name string
		from time.Duration
	}{
		{24 * time.Hour, "day", 73 * time.Hour}, {time.Hour, "hour", 0}, {time.Minute, "minute", 0}, {time.Second, "second", 0}, {time.Millisecond, "millisecond", 0},
	} {
		if d >= u.from && d >= u.d && d%u.d == 0 {
			if d == u.d {
				return "1 " + u.name
			}
			return grouped(int64(d/u.d)) + " " + u.name + "s"
		}
	}
	return d.String()
}

// grouped is a number with a comma after each three digits.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
