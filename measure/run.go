package measure

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/internal/pagecache"
)

// sample is what one run cost.
type sample struct {
	time, cpu time.Duration
	rss, read int64 // bytes
}

// decideKind finds out whether an application on ASP.NET Core is to be measured as a server: it is if it answers.
func (m *measurement) decideKind(ctx context.Context) error {
	if m.Server != nil || !m.web || !m.Web {
		return nil
	}
	t := m.roots[0]
	m.Server = &launch.Server{URLs: []string{"/"}}
	_, err := m.launch(ctx, t, m.program(t), os.DevNull)
	if errors.Is(err, launch.ErrEnded) {
		m.Server = nil
		return nil
	}
	return err
}

// program is the application on a root, without its output yet.
func (m *measurement) program(t *target) launch.Program {
	p := launch.Program{Path: muxer(t.abs), Args: append([]string{t.app}, m.Args...), Env: environment(os.Environ())}
	if len(m.dir) < maxSocketDir {
		p.Env = append(p.Env, "TMPDIR="+m.dir)
	}
	return p
}

// maxSocketDir is how long the path of TMPDIR may be, so that the runtime can make its diagnostic socket in it: the path
// of a socket has room for 108 bytes, and the name takes up to 50.
const maxSocketDir = 56

// environment is that of a measured process: this one's without what would make it write traces.
func environment(env []string) []string {
	var out []string
	for _, v := range env {
		if !strings.HasPrefix(v, "DOTNET_EnableEventPipe=") && !strings.HasPrefix(v, "DOTNET_EventPipe") {
			out = append(out, v)
		}
	}
	return out
}

// settings are the variables that steer the runtime, which the report names.
func settings(env []string) []string {
	var out []string
	for _, v := range env {
		if strings.HasPrefix(v, "DOTNET_") || strings.HasPrefix(v, "COMPlus_") || strings.HasPrefix(v, "ASPNETCORE_") {
			out = append(out, v)
		}
	}
	return out
}

// script is how a run goes on. A server whose port is not known is told a free one.
func (m *measurement) script(p *launch.Program) (launch.Script, error) {
	s := launch.Script{Timeout: m.Timeout, Grace: m.Grace}
	if m.Server == nil {
		return s, nil
	}
	server := *m.Server
	if server.ReadyFile == "" {
		port, err := launch.FreePort()
		if err != nil {
			return s, err
		}
		server.Port = port
		p.Env = append(p.Env, launch.ListenOn(port))
	}
	s.Server = &server
	return s, nil
}

// once runs the application on a root, keeps what it showed and gives what it cost.
func (m *measurement) once(ctx context.Context, t *target) (sample, error) {
	r, err := m.launch(ctx, t, m.program(t), filepath.Join(m.dir, "stdout"))
	if err != nil {
		return sample{}, err
	}
	s := sample{time: r.Wall, cpu: r.CPU, rss: r.PeakRSS, read: r.ReadBytes}
	if len(r.Responses) > 0 {
		s.time = r.Responses[0].FirstByte.Sub(r.Start)
	}
	shown, err := m.shown(t, r)
	t.outputs = append(t.outputs, shown)
	return s, err
}

// launch runs a program on a root; that it fails is an error that names the root.
func (m *measurement) launch(ctx context.Context, t *target, p launch.Program, stdout string) (launch.Run, error) {
	out, err := os.Create(stdout)
	if err != nil {
		return launch.Run{}, err
	}
	defer out.Close()
	complaints, err := os.Create(filepath.Join(m.dir, "stderr"))
	if err != nil {
		return launch.Run{}, err
	}
	defer complaints.Close()
	p.Stdout, p.Stderr = out, complaints
	s, err := m.script(&p)
	if err != nil {
		return launch.Run{}, err
	}
	r, err := launch.Do(ctx, p, s)
	return r, m.failure(t, r, err, complaints.Name())
}

// failure tells how the application failed on a root, if it did.
func (m *measurement) failure(t *target, r launch.Run, err error, complaints string) error {
	where := t.Path + ": " + filepath.Base(t.app)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case err != nil && !errors.Is(err, launch.ErrEnded):
		return fault.Wrap(err, where, "")
	case err != nil && r.Clean():
		return fault.Wrap(err, where, "")
	case r.Clean():
		return nil
	}
	text := firstLine(complaints)
	if text != "" {
		text = ": " + text
	}
	return &fault.Error{Where: where, What: "ended with " + r.Exit + text, Err: err,
		Hint: "run it yourself: " + muxer(t.Path) + " " + strings.Join(append([]string{t.app}, m.Args...), " ")}
}

// firstLine gives the first line of a file that is not empty, clipped.
func firstLine(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(data[:min(len(data), 4096)])), "\n")
	if len(line) > 300 {
		line = line[:300] + "…"
	}
	return strings.TrimSpace(line)
}

// drop takes the files of a root and of the application out of the page cache.
func (m *measurement) drop(ctx context.Context, t *target) error {
	if err := pagecache.Drop(ctx, t.abs); err != nil {
		return err
	}
	return pagecache.Drop(ctx, filepath.Dir(t.app))
}
