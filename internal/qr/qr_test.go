package qr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mfakit/mfa/internal/testneed"
)

// text returns n bytes of printable ASCII.
func text(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(' ' + r.IntN(95))
	}
	return string(b)
}

func TestTooLong(t *testing.T) {
	if c, err := Encode(strings.Repeat("a", 2331)); err != nil || c.Size() != 177 {
		t.Errorf("2331 bytes: %v", err)
	}
	if _, err := Encode(strings.Repeat("1", 2332)); !errors.Is(err, ErrTooLong) {
		t.Errorf("2332 digits: %v, want ErrTooLong", err)
	}
	if _, err := Encode(strings.Repeat("a", 2332)); !errors.Is(err, ErrTooLong) {
		t.Errorf("2332 bytes: %v, want ErrTooLong", err)
	}
}

func TestReaderReadsPNG(t *testing.T) {
	zbarimg := testneed.Program(t, "zbarimg", "apt-get install zbar-tools")
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 14, 15, 106, 107, 150, 300, 600, 1000} {
		want := text(r, n)
		c, err := Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		data, err := c.PNG(200)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "qr.png")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := exec.Command(zbarimg, "-q", "--raw", file).Output()
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if string(bytes.TrimSuffix(got, []byte("\n"))) != want {
			t.Errorf("%d bytes: read %q, want %q", n, got, want)
		}
	}
}

// TestPicturesShowTheCode reads both pictures back, module by module, with
// nothing but light around them.
func TestPicturesShowTheCode(t *testing.T) {
	for _, n := range []int{1, 130, 700} {
		c, err := Encode(strings.Repeat("x", n))
		if err != nil {
			t.Fatal(err)
		}
		raster, err := c.PNG(200)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(raster))
		if err != nil {
			t.Fatal(err)
		}
		side := c.Size() + 8
		scale := img.Bounds().Dx() / side
		if w := img.Bounds().Dx(); w < 200 || scale < 3 || w != scale*side || w != img.Bounds().Dy() {
			t.Fatalf("%d bytes: bounds %v for %d modules", n, img.Bounds(), side)
		}
		if raster[24] != 1 { // the bit depth in IHDR
			t.Errorf("%d bits to a pixel, want 1", raster[24])
		}
		vector := readSVG(t, c.SVG("x"), side)
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				mx, my := x/scale, y/scale
				want := c.Dark(mx-4, my-4)
				if l, _, _, _ := img.At(x, y).RGBA(); (l == 0) != want {
					t.Fatalf("PNG pixel %d,%d is wrong", x, y)
				}
				if vector[my][mx] != want {
					t.Fatalf("SVG module %d,%d is wrong", mx, my)
				}
			}
		}
	}
}

// readSVG fills in the path's bars.
func readSVG(t *testing.T, svg []byte, side int) [][]bool {
	t.Helper()
	dark := make([][]bool, side)
	for i := range dark {
		dark[i] = make([]bool, side)
	}
	bars := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllSubmatch(svg, -1)
	if len(bars) == 0 {
		t.Fatal("no path")
	}
	for _, b := range bars {
		x, _ := strconv.Atoi(string(b[1]))
		y, _ := strconv.Atoi(string(b[2]))
		w, _ := strconv.Atoi(string(b[3]))
		if string(b[3]) != string(b[4]) {
			t.Fatalf("bar %s does not close", b[0])
		}
		for i := range w {
			dark[y][x+i] = true
		}
	}
	return dark
}

func TestSVGIsWellFormedWhateverTheTitle(t *testing.T) {
	c, err := Encode("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"", "Example: alice", `"><script>alert(1)</script>`, "a & b", "\x00\xff", "שלום 🔑"} {
		svg := c.SVG(title)
		if bytes.Contains(svg, []byte("<script")) {
			t.Errorf("%q gets out of its attribute", title)
		}
		d := xml.NewDecoder(bytes.NewReader(svg))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", title, err)
			}
		}
		for _, want := range []string{`role="img"`, `shape-rendering="crispEdges"`, `viewBox="0 0 29 29"`} {
			if !bytes.Contains(svg, []byte(want)) {
				t.Errorf("no %s", want)
			}
		}
	}
}

func TestPNGWidthIsBounded(t *testing.T) {
	c, err := Encode("x")
	if err != nil {
		t.Fatal(err)
	}
	for width, want := range map[int]int{-5: 87, 0: 87, 87: 87, 88: 116, 1 << 30: 4118} {
		data, err := c.PNG(width)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil || img.Width != want {
			t.Errorf("width %d: %d pixels, want %d (%v)", width, img.Width, want, err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{130, 700} {
		s := strings.Repeat("a", n)
		b.Run(fmt.Sprint(n, "_bytes"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Encode(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
