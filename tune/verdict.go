package tune

import (
	"fmt"

	"github.com/r2rpack/r2rpack/measure"
)

// Verdict says what the root is worth, as ratios to the official framework.
type Verdict struct {
	Worthwhile bool     `json:"worthwhile"` // it does the same, is smaller and is no slower
	SameOutput bool     `json:"sameOutput"`
	Bytes      float64  `json:"bytes"`
	Archive    float64  `json:"archive"` // of the tar.gz
	Time       float64  `json:"time"`    // of the medians
	TimeLow    *float64 `json:"timeLow,omitempty"`
	TimeHigh   *float64 `json:"timeHigh,omitempty"` // with a confidence of 95 % it lies between
	Memory     float64  `json:"memory,omitempty"`
	Jitted     float64  `json:"jitted"` // methods left to the JIT
	Text       string   `json:"text"`
}

// settle draws the conclusion from the measurement.
func (t *tuning) settle() {
	t.result.Verdict = judge(t.result.Measured)
	if t.result.Measured.Machine.Busy {
		t.advise("the machine was busy: measure again with r2rpack measure when it is not")
	}
}

func judge(r *measure.Report) Verdict {
	stock, own := r.Roots[0], r.Roots[1]
	v := Verdict{SameOutput: own.SameOutput, Bytes: over(own.Bytes, stock.Bytes), Archive: over(own.ArchiveBytes, stock.ArchiveBytes)}
	if own.Milliseconds.Ratio != nil {
		v.Time, v.TimeLow, v.TimeHigh = own.Milliseconds.Ratio.Median, own.Milliseconds.Ratio.Low, own.Milliseconds.Ratio.High
	}
	if own.Memory != nil && own.Memory.Ratio != nil {
		v.Memory = own.Memory.Ratio.Median
	}
	if own.Methods != nil && stock.Methods != nil {
		v.Jitted = over(int64(own.Methods.Jitted), int64(stock.Methods.Jitted))
	}
	slower := v.Time > 1 && (v.TimeLow == nil || *v.TimeLow > 1)
	v.Worthwhile = v.SameOutput && v.Bytes < 1 && !slower
	v.Text = v.text(slower, r.Time)
	return v
}

func over(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func (v Verdict) text(slower bool, what string) string {
	switch {
	case !v.SameOutput:
		return "do not use it: the application shows something else on it than on the official framework"
	case slower:
		return fmt.Sprintf("smaller, not faster: %.2f of the bytes, but %.2f of the time (%s)", v.Bytes, v.Time, what)
	case !v.Worthwhile:
		return fmt.Sprintf("not worth it: %.2f of the bytes", v.Bytes)
	}
	return fmt.Sprintf("worth it: %.2f of the bytes, %.2f of the time (%s), same output", v.Bytes, v.Time, what)
}
