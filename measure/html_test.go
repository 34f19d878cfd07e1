package measure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/trace"
)

// example is a report with everything in it: three roots, names that are long and hostile, all figures.
func example() *Report {
	series := func(first *Series, values ...float64) *Series {
		s := newSeries(values)
		if first != nil {
			s.compare(first, 1)
		}
		return s
	}
	stock := Root{
		Path: "stock", Bytes: 109_735_192, Files: 337, ArchiveBytes: 49_200_000, SameOutput: true,
		Milliseconds: series(nil, 405, 413, 420, 409, 431, 470), CPU: series(nil, 427, 430, 433, 428, 429, 440), Memory: series(nil, 71.5, 71.6, 71.5, 71.7, 71.4, 71.5),
		Cold: series(nil, 944, 950, 990, 960, 1010, 955), ColdRead: series(nil, 53.9, 53.9, 53.8, 53.9, 53.9, 53.9),
		Methods: &trace.Count{Methods: 8477, Found: 6081, NotFound: 2359, Jitted: 1317},
	}
	roots := []Root{stock}
	for _, name := range []string{"tuned", `/srv/<b>"a very long path"&amp;/of/a/root/that/goes/on`} {
		roots = append(roots, Root{
			Path: name, Bytes: 59_200_000, Files: 338, ArchiveBytes: 23_400_000,
			Milliseconds: series(stock.Milliseconds, 284, 290, 288, 301, 299, 350), CPU: series(stock.CPU, 267, 270, 268, 275, 269, 280),
			Memory: series(stock.Memory, 50.1, 50.2, 50.1, 50.3, 50, 50.1), Cold: series(stock.Cold, 589, 600, 595, 610, 640, 601),
			ColdRead: series(stock.ColdRead, 32.5, 32.5, 32.5, 32.4, 32.5, 32.5), Methods: &trace.Count{Methods: 5881, Found: 5803, NotFound: 69, Jitted: 78},
		})
	}
	return &Report{
		Schema: SchemaID, App: "/apps/webapi.dll", Args: []string{"--self"}, Time: StartToEnd, Runs: 6, Warmup: 2, Seed: 42,
		Settings: []string{"DOTNET_TieredPGO=0"}, Roots: roots, OutputCompared: true,
		Machine:  Machine{OS: "linux", Kernel: "6.18.0", CPU: "A processor", Cores: 2, LoadBefore: 0.3, LoadAfter: 1.1, Others: 0.02},
		Findings: []string{"tuned: the application shows something else than on stock: line 1 is \"a\", not \"<i>\""},
		Warnings: []string{"the machine was busy"},
	}
}

func render(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// outside matches what would make a page ask for anything but itself.
var outside = regexp.MustCompile(`(?i)https?:|//[a-z]|\bsrc=|\bhref=|url\(|@import|<script|<link`)

func TestPageNeedsNothingElse(t *testing.T) {
	text := render(t, example())
	if found := outside.FindString(text); found != "" {
		t.Errorf("the page has %q", found)
	}
	for name, want := range map[string]int{"svg": 8, "circle": 5 * 3 * 6, "table": 1, "tr": 17} {
		if got := elements(t, text)[name]; got != want {
			t.Errorf("%d elements %s, want %d", got, name, want)
		}
	}
	if strings.Contains(text, "<b>&#34;") || strings.Contains(text, "<i>&#34;") || !strings.Contains(text, "&lt;b&gt;") {
		t.Error("a name is not escaped")
	}
	for _, want := range []string{"ratio of medians", "0.70×", "78 compiled", "seed 42", "prefers-color-scheme: dark"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// Figures that are not known leave out their drawings.
func TestPageOfLittle(t *testing.T) {
	r := example()
	for i := range r.Roots {
		r.Roots[i].Cold, r.Roots[i].ColdRead, r.Roots[i].Memory, r.Roots[i].Methods, r.Roots[i].ArchiveBytes = nil, nil, nil, nil, 0
	}
	if got := elements(t, render(t, r))["svg"]; got != 3 {
		t.Errorf("%d drawings, want 3", got)
	}
}

// elements counts the elements of a page by name; a page that is not well-formed is an error.
func elements(t *testing.T, text string) map[string]int {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	counts := map[string]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return counts
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			counts[e.Name.Local]++
		}
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		largest, end float64
		ticks        int
	}{{0.016, 0.016, 5}, {1, 1, 5}, {41, 50, 6}, {99, 100, 6}, {100, 100, 6}, {8477, 10000, 6}, {0, 1, 6}} {
		s, ticks := newScale(c.largest)
		if s.end < c.largest || s.end > 1.5*c.largest && c.largest > 0 || len(ticks) < 3 || len(ticks) > 8 {
			t.Errorf("%v: an axis to %v with %d ticks", c.largest, s.end, len(ticks))
		}
		if s.x(0) != plotLeft || s.x(s.end) != plotRight || ticks[0].Text != "0" {
			t.Errorf("%v: from %v to %v", c.largest, s.x(0), s.x(s.end))
		}
	}
}

// inspection runs in the page and tells what a person would see to be wrong: texts that overlap or leave their drawing,
// a page wider than the window, anything that was asked for.
const inspection = `<script>
const bad = [];
if (document.documentElement.scrollWidth > innerWidth) bad.push("the page is " + document.documentElement.scrollWidth + " wide");
if (performance.getEntriesByType("resource").length) bad.push("the page asked for something");
for (const svg of document.querySelectorAll("svg")) {
  const frame = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll("text")].map(e => [e, e.getBoundingClientRect()]);
  for (const e of svg.querySelectorAll("text, rect, circle, path")) {
    const b = e.getBoundingClientRect();
    if (b.left < frame.left - 1 || b.right > frame.right + 1 || b.top < frame.top - 1 || b.bottom > frame.bottom + 1)
      bad.push(svg.getAttribute("aria-label") + ": " + e.outerHTML + " leaves the drawing");
  }
  for (const [i, [e, a]] of texts.entries()) for (const [f, b] of texts.slice(i + 1))
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
      bad.push(svg.getAttribute("aria-label") + ": " + e.textContent + " lies on " + f.textContent);
  if (frame.height < 30) bad.push("a drawing is " + frame.height + " high");
}
document.body.dataset.seen = JSON.stringify({bad, paper: getComputedStyle(document.body).backgroundColor, drawings: document.querySelectorAll("svg").length});
</script>`

// TestProvePageInChromium shows the page in a real browser: in the light and in the dark, wide and narrow.
func TestProvePageInChromium(t *testing.T) {
	if os.Getenv("R2RPACK_PROVE") == "" {
		t.Skip("a slow proof: make prove")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		testdata.Missing(t, "chromium is not installed, so nobody looked at the page of measure")
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(strings.Replace(render(t, example()), "</body>", inspection+"</body>", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ scheme, width, paper string }{
		{"1", "1000", "rgb(255, 255, 255)"},
		{"0", "1000", "rgb(14, 17, 22)"},
		{"1", "500", "rgb(255, 255, 255)"},
	} {
		seen := look(t, browser, file, c.scheme, c.width)
		want := `{"bad":[],"paper":"` + c.paper + `","drawings":8}`
		if seen != want {
			t.Errorf("scheme %s, %s wide: %s, want %s", c.scheme, c.width, seen, want)
		}
	}
}

// look gives what the inspection saw; scheme 0 is dark, 1 light.
func look(t *testing.T, browser, file, scheme, width string) string {
	t.Helper()
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--blink-settings=preferredColorScheme="+scheme, "--window-size="+width+",900", "--dump-dom", "file://"+file)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	_, rest, _ := strings.Cut(string(out), `data-seen="`)
	seen, _, _ := strings.Cut(rest, `"`)
	return strings.NewReplacer("&quot;", `"`, "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(seen)
}
