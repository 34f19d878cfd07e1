package measure

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Series is one figure over all runs of one root.
type Series struct {
	Min     float64   `json:"min"`
	Median  float64   `json:"median"`
	P90     float64   `json:"p90"`
	Max     float64   `json:"max"`
	Samples []float64 `json:"samples"` // in the order of the rounds
	Ratio   *Ratio    `json:"ratio,omitempty"`
}

// Ratio compares a root with the first one. Low and High bound the ratio of the medians with a confidence of 95 %; they
// are missing where there are fewer than minSamples rounds.
type Ratio struct {
	Min    float64  `json:"min"`    // of the minima
	Median float64  `json:"median"` // of the medians
	Low    *float64 `json:"low,omitempty"`
	High   *float64 `json:"high,omitempty"`
}

// minSamples is how many rounds it takes to say how sure a ratio is.
const minSamples = 5

// resamples is how often rounds are drawn for a confidence interval.
const resamples = 2000

func newSeries(samples []float64) *Series {
	sorted := slices.Sorted(slices.Values(samples))
	return &Series{Min: sorted[0], Median: median(sorted), P90: sorted[rank(len(sorted), 0.9)], Max: sorted[len(sorted)-1], Samples: samples}
}

// median of sorted numbers: the middle one, or the mean of the two in the middle.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// rank is the index of a quantile in n sorted numbers, by the nearest rank.
func rank(n int, q float64) int { return min(n-1, max(0, int(math.Ceil(q*float64(n)))-1)) }

// compare gives s its ratio to the first root's series. The interval is a percentile bootstrap over whole rounds: the
// runs of one round met the machine in the same state, so they are drawn together.
func (s *Series) compare(first *Series, seed uint64) {
	s.Ratio = &Ratio{Min: s.Min / first.Min, Median: s.Median / first.Median}
	n := len(s.Samples)
	if n < minSamples || len(first.Samples) != n {
		return
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	ratios := make([]float64, resamples)
	a, b := make([]float64, n), make([]float64, n)
	for i := range ratios {
		for k := range n {
			round := rng.IntN(n)
			a[k], b[k] = first.Samples[round], s.Samples[round]
		}
		slices.Sort(a)
		slices.Sort(b)
		ratios[i] = median(b) / median(a)
	}
	slices.Sort(ratios)
	low, high := ratios[rank(resamples, 0.025)], ratios[rank(resamples, 0.975)]
	s.Ratio.Low, s.Ratio.High = &low, &high
}
