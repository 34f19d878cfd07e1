// Package parity runs an application on two dotnet roots and says in what they differ: which methods lost their
// ReadyToRun code, and whether output and exit codes stay the same.
package parity

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// program is a managed application with its arguments. A relative path in the arguments is one in a fresh folder: the
// working directory of every run.
type program struct {
	app  string
	args []string
}

// outcome is what a run showed.
type outcome struct {
	stdout, stderr string
	exit           string // such as "exit status 0" or "signal: aborted"
}

// grace is how long a cancelled application may keep its output open.
const grace = 2 * time.Second

// run runs the application on a root in a fresh folder, with settings given as NAME=VALUE. An application that fails is
// an outcome, one that cannot be started or was cancelled an error.
func (p program) run(ctx context.Context, root string, settings ...string) (outcome, error) {
	dir, err := os.MkdirTemp("", "parity")
	if err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(dir)
	muxer, err := filepath.Abs(filepath.Join(root, "dotnet"))
	if err != nil {
		return outcome{}, err
	}
	app, err := filepath.Abs(p.app)
	if err != nil {
		return outcome{}, err
	}
	cmd := exec.CommandContext(ctx, muxer, append([]string{app}, p.args...)...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, environment(dir, settings), grace
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return outcome{}, fault.Wrap(err, root, "cannot run %s", p.app)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.String()}, nil
}

// environment is that of this process without what would steer the runtime, and with the settings.
func environment(dir string, settings []string) []string {
	var env []string
	for _, v := range os.Environ() {
		name := strings.ToUpper(v[:strings.IndexByte(v+"=", '=')])
		if !strings.HasPrefix(name, "DOTNET_") && !strings.HasPrefix(name, "COMPLUS_") && !strings.HasPrefix(name, "CORECLR_") {
			env = append(env, v)
		}
	}
	env = append(env, "HOME="+dir, "TMPDIR="+dir, "DOTNET_CLI_HOME="+dir,
		"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1",
		"DOTNET_EnableDiagnostics_IPC=0", // its socket could not be made where the path of TMPDIR is long
		"DOTNET_DbgEnableMiniDump=0")
	return append(env, settings...)
}
