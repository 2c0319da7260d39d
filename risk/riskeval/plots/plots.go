// Package plots draws what package evaluate measured.
package plots

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
)

// Of one panel, and of PNG files.
const (
	panelWidth  = 4.2 * vg.Inch
	panelHeight = 3.2 * vg.Inch
	margin      = 0.15 * vg.Inch
	dpi         = 110
)

// Write draws all curves of a report into a folder, as SVG and as PNG: recall, what is asked by
// the size of the history, and scores.
func Write(dir string, r *evaluate.Report) error {
	for _, f := range []struct {
		name   string
		panels func(*evaluate.Report) ([][]*plot.Plot, error)
	}{{"recall", recall}, {"reauthentication", reauthentication}, {"scores", scores}} {
		panels, err := f.panels(r)
		if err != nil {
			return fmt.Errorf("plots: %s: %w", f.name, err)
		}
		if err := figure(filepath.Join(dir, f.name), panels); err != nil {
			return err
		}
	}
	return nil
}

// figure draws rows of panels into a file of each kind. There may be gaps; without a
// panel there is no file.
func figure(path string, panels [][]*plot.Plot) error {
	if len(panels) == 0 || len(panels[0]) == 0 {
		return nil
	}
	rows, columns := len(panels), len(panels[0])
	width, height := vg.Length(columns)*panelWidth, vg.Length(rows)*panelHeight
	svg := vgsvg.New(width, height)
	png := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	for _, canvas := range []vg.CanvasSizer{svg, png} {
		tiles := draw.Tiles{
			Rows: rows, Cols: columns, PadX: margin, PadY: margin,
			PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: margin,
		}
		for j, row := range plot.Align(panels, tiles, draw.New(canvas)) {
			for i, c := range row {
				if panels[j][i] != nil {
					panels[j][i].Draw(c)
				}
			}
		}
	}
	return errors.Join(save(path+".svg", svg), save(path+".png", vgimg.PngCanvas{Canvas: png}))
}

func save(path string, content io.WriterTo) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = content.WriteTo(f)
	return errors.Join(err, f.Close())
}
