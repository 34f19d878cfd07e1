package measure

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSeries(t *testing.T) {
	for _, c := range []struct {
		samples               []float64
		min, median, p90, max float64
	}{
		{[]float64{7}, 7, 7, 7, 7},
		{[]float64{4, 2}, 2, 3, 4, 4},
		{[]float64{3, 1, 2}, 1, 2, 3, 3},
		{[]float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 1, 5.5, 9, 10},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 1, 6, 10, 11},
	} {
		want := &Series{Min: c.min, Median: c.median, P90: c.p90, Max: c.max, Samples: c.samples}
		if diff := cmp.Diff(want, newSeries(c.samples)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.samples, diff)
		}
	}
}

// A machine that slows down slows both roots of a round: whole rounds are drawn, so that the ratio stays sure.
func TestRatioOfRoundsThatSlowDown(t *testing.T) {
	var a, b []float64
	for round := range 15 {
		a = append(a, 100+float64(40*round))
		b = append(b, 0.7*a[round])
	}
	first, s := newSeries(a), newSeries(b)
	s.compare(first, 1)
	near := func(name string, got, want float64) {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	near("ratio of minima", s.Ratio.Min, 0.7)
	near("ratio of medians", s.Ratio.Median, 0.7)
	near("lower bound", *s.Ratio.Low, 0.7)
	near("upper bound", *s.Ratio.High, 0.7)
}

// Of many measurements of roots that differ by a tenth, about 95 % must have it within their bounds. The percentile
// bootstrap of a median is a little conservative.
func TestConfidence(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const trials, runs, truth = 100, 25, 0.9
	inside := 0
	for trial := range trials {
		var a, b []float64
		for range runs {
			a = append(a, 100+5*rng.NormFloat64())
			b = append(b, truth*(100+5*rng.NormFloat64()))
		}
		first, s := newSeries(a), newSeries(b)
		s.compare(first, uint64(trial))
		if *s.Ratio.Low <= truth && truth <= *s.Ratio.High {
			inside++
		}
	}
	if share := float64(inside) / trials; share < 0.88 {
		t.Errorf("the true ratio is within the bounds in %.3f of the measurements", share)
	}
}

func TestRatioOfFewRuns(t *testing.T) {
	first, s := newSeries([]float64{10, 20, 30, 40}), newSeries([]float64{5, 10, 15, 20})
	s.compare(first, 1)
	if diff := cmp.Diff(&Ratio{Min: 0.5, Median: 0.5}, s.Ratio); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCompareIsDeterministic(t *testing.T) {
	a, b := []float64{9, 8, 7, 10, 12, 11}, []float64{5, 9, 6, 7, 8, 8}
	once := func(seed uint64) Ratio {
		s := newSeries(b)
		s.compare(newSeries(a), seed)
		return *s.Ratio
	}
	first, again := once(3), once(3)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("one seed, two results:\n%s", diff)
	}
}
