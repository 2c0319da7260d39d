package qr

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"sync"
)

const (
	quiet     = 4 // light modules that readers need around a symbol (ISO/IEC 18004, 6.3.8)
	minScale  = 3 // pixels for a module at least: large symbols blur below that
	maxPixels = 4096
)

// PNG draws the code with its quiet zone in black on white, one bit to a
// pixel. A module is a whole number of pixels, at least 3, and the smallest
// that makes the image no narrower than width (which is taken as 4096 above that).
func (c *Code) PNG(width int) ([]byte, error) {
	size := c.Size()
	side := size + 2*quiet
	scale := max(minScale, (min(width, maxPixels)+side-1)/side)
	img := image.NewPaletted(image.Rect(0, 0, side*scale, side*scale), color.Palette{color.White, color.Black})
	for y := range size {
		top := (y + quiet) * scale * img.Stride
		row := img.Pix[top : top+img.Stride]
		for x := range size {
			if !c.Dark(x, y) {
				continue
			}
			from := (x + quiet) * scale
			for i := from; i < from+scale; i++ {
				row[i] = 1
			}
		}
		for i := 1; i < scale; i++ {
			copy(img.Pix[top+i*img.Stride:], row)
		}
	}
	var out bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &buffers}).Encode(&out, img)
	return out.Bytes(), err
}

// buffers keeps the compressor's tables, over a megabyte, from being made anew
// for each image, which would be most of its cost.
var buffers bufferPool

type bufferPool struct{ sync.Pool }

func (p *bufferPool) Get() *png.EncoderBuffer {
	b, _ := p.Pool.Get().(*png.EncoderBuffer)
	return b // nil: the encoder makes one
}

func (p *bufferPool) Put(b *png.EncoderBuffer) { p.Pool.Put(b) }

// SVG draws the code with its quiet zone in black on white, as one path, for
// embedding in a page. It has no size of its own: the page gives it one. Title
// is what a screen reader says; any text will do.
func (c *Code) SVG(title string) []byte {
	var name bytes.Buffer
	_ = xml.EscapeText(&name, []byte(title)) // a Buffer takes every write
	side := c.Size() + 2*quiet
	out := fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img" aria-label="%s"><title>%s</title>`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side, name.Bytes(), name.Bytes(), side, side)
	return append(c.appendRuns(out), `"/></svg>`...)
}

// appendRuns appends a bar for each run of dark modules in a row.
func (c *Code) appendRuns(out []byte) []byte {
	size := c.Size()
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && c.Dark(x, y) {
				x++
			}
			if x == from {
				continue
			}
			out = strconv.AppendInt(append(out, 'M'), int64(from+quiet), 10)
			out = strconv.AppendInt(append(out, ' '), int64(y+quiet), 10)
			out = strconv.AppendInt(append(out, 'h'), int64(x-from), 10)
			out = append(out, "v1h-"...)
			out = strconv.AppendInt(out, int64(x-from), 10)
			out = append(out, 'z')
		}
	}
	return out
}
