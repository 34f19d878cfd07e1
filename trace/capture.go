package trace

import (
	"context"
	"os"
	"path/filepath"
	"strconv"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// Captured is one traced run of a program.
type Captured struct {
	launch.Run
	File      string // the trace
	Processes int    // how many .NET processes ran and wrote traces
	Usage     *nettrace.Usage
}

// Capture runs a program once under EventPipe and reads its trace, which lies in dir, an empty folder, afterwards. Of
// several .NET processes it takes the one that was started, or else the one with the largest trace. That the program
// ends badly is in the outcome; that it leaves no trace to read is an error.
func Capture(ctx context.Context, p launch.Program, s launch.Script, dir string, mode Mode, bufferMB int) (*Captured, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if p.Env == nil {
		p.Env = os.Environ()
	}
	p.Env = append(p.Env[:len(p.Env):len(p.Env)], Settings(dir, mode, bufferMB)...)
	c := &Captured{}
	if c.Run, err = launch.Do(ctx, p, s); err != nil {
		return nil, err
	}
	if err := c.choose(dir); err != nil {
		return c, err
	}
	c.Usage, err = read(ctx, c.File)
	return c, err
}

// choose finds the trace.
func (c *Captured) choose(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"+extension))
	if err != nil {
		return err
	}
	largest := int64(0)
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		c.Processes++
		size := info.Size()
		if filepath.Base(name) == strconv.Itoa(c.PID)+extension {
			size = 1 << 62
		}
		if size > largest {
			c.File, largest = name, size
		}
	}
	if c.File == "" {
		return fault.New("", "no trace was written").
			WithHint("trace a .NET program (8 or later) whose environment reaches it: ROOT/dotnet app.dll")
	}
	return nil
}

func read(ctx context.Context, name string) (*nettrace.Usage, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	u, err := nettrace.Methods(ctx, f)
	if err != nil {
		return nil, fault.Wrap(err, "", "the trace cannot be read")
	}
	if len(u.Methods) == 0 {
		return nil, fault.New("", "the trace tells of no method").
			WithHint("the program ended before it ran anything, or other EventPipe settings are in its way")
	}
	return u, nil
}

// Count is how many methods fared how in a run. Each method counts once.
type Count struct {
	Methods  int `json:"methods"`
	Found    int `json:"found"`    // had ReadyToRun code
	NotFound int `json:"notFound"` // were looked for in ReadyToRun images and not found
	Jitted   int `json:"jitted"`   // had no ReadyToRun code, and the JIT compiled them
	Rejitted int `json:"rejitted"` // had ReadyToRun code, and the JIT compiled them again (tiering)
}

// Tally counts the methods of a trace.
func Tally(u *nettrace.Usage) Count {
	n := Count{Methods: len(u.Methods)}
	for _, fate := range u.Methods {
		found, jitted := fate&nettrace.Found != 0, fate&nettrace.Jitted != 0
		switch {
		case found && jitted:
			n.Found++
			n.Rejitted++
		case found:
			n.Found++
		case jitted:
			n.Jitted++
		}
		if fate&nettrace.NotFound != 0 && !found {
			n.NotFound++
		}
	}
	return n
}
