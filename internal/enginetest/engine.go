// Package enginetest brings up a real container engine for a test: a private dockerd with a Debian base image, on a
// Unix socket, which ends with the test.
//
// What generated Dockerfiles need decides which engine. COPY --link came with version 1.4 of the Dockerfile frontend;
// the daemon brings its own frontend, and no other can be pulled where no registry is. Tried on Debian 12:
//
//   - docker.io 20.10 of Debian 12, with and without BuildKit: "Unknown flag: link".
//   - buildah 1.28 of Debian 12: "COPY only supports the --chmod …, --chown … and the --from … flags".
//   - buildkitd and buildctl built from Go modules: work; two minutes on two cores, and they cannot run the result.
//   - docker.io 26.1 with docker-cli and docker-buildx of Debian 13, which install on Debian 12 as they are: work;
//     13 seconds to fetch and install.
//
// So this takes the dockerd and docker that are on PATH, whichever they are, and says so when they are too old.
// It needs root, and docker.io, docker-cli and docker-buildx of Debian 13 or later and mmdebstrap: install.sh.
package enginetest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// BaseImage is the image that every engine has.
const BaseImage = "debian:bookworm-slim"

const (
	startTime = time.Minute
	stopTime  = 30 * time.Second
)

// Engine is a running dockerd. Its methods end the test when the engine fails.
type Engine struct {
	t      testing.TB
	dir    string // holds all of the engine's files; short, as the name of a Unix socket must be
	daemon *daemon
}

// Start brings up an engine with BaseImage in it, and ends it with the test. The test is left out by -short and unless
// R2RPACK_PROVE is 1, and skipped (or fails, by testdata.Missing) where the tools for it are not installed.
func Start(t testing.TB) *Engine {
	t.Helper()
	testdata.Slow(t)
	if os.Getenv("R2RPACK_PROVE") != "1" {
		t.Skip("SKIPPED, NOT TESTED: real container engines are started only with R2RPACK_PROVE=1, as make prove does")
	}
	requireTools(t)
	base := baseImageTar(t)
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{t: t, dir: dir}
	t.Cleanup(e.stop)
	if e.daemon, err = startDaemon(dir); err != nil {
		t.Fatalf("dockerd does not start: %v", err)
	}
	e.await()
	e.Docker("import", base, BaseImage)
	return e
}

// Build builds the Dockerfile of a folder with BuildKit, word for word, and gives the image's id. Flags are those of
// docker build. Its steps see the network of the machine, loopback too.
func (e *Engine) Build(dir string, flags ...string) (image string) {
	e.t.Helper()
	idFile := filepath.Join(e.t.TempDir(), "id")
	args := append([]string{"build", "--network", "host", "--progress", "plain", "--iidfile", idFile}, flags...)
	e.Docker(append(args, dir)...)
	id, err := os.ReadFile(idFile)
	if err != nil {
		e.t.Fatal(err)
	}
	return string(id)
}

// BuildFails builds a Dockerfile that must not build, and gives what the engine says.
func (e *Engine) BuildFails(dir string, flags ...string) string {
	e.t.Helper()
	args := append([]string{"build", "--network", "host", "--progress", "plain"}, flags...)
	out, stderr, err := e.run(append(args, dir)...)
	if err == nil {
		e.t.Fatalf("docker build %s succeeds", dir)
	}
	return out + stderr
}

// Run runs a container to its end and gives its standard output. Flags are those of docker run, such as
// "--volume=…"; the container shares the network of the machine.
func (e *Engine) Run(flags []string, image string, command ...string) string {
	e.t.Helper()
	return e.Docker(runArgs([]string{"run", "--rm"}, flags, image, command)...)
}

// RunInBackground starts a container and gives its id. It ends with the engine.
func (e *Engine) RunInBackground(flags []string, image string, command ...string) (container string) {
	e.t.Helper()
	return strings.TrimSpace(e.Docker(runArgs([]string{"run", "--detach"}, flags, image, command)...))
}

func runArgs(args, flags []string, image string, command []string) []string {
	args = append(args, "--network", "host")
	args = append(args, flags...)
	return append(append(args, image), command...)
}

// Docker runs a docker command and gives its standard output; failure ends the test.
func (e *Engine) Docker(args ...string) (stdout string) {
	e.t.Helper()
	stdout, stderr, err := e.run(args...)
	if err != nil {
		e.t.Fatalf("docker %s: %v\n%s%s", strings.Join(args, " "), err, stdout, stderr)
	}
	return stdout
}

func (e *Engine) run(args ...string) (stdout, stderr string, err error) {
	return e.runContext(e.t.Context(), args...)
}

func (e *Engine) runContext(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	var out, errors bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST=unix://"+socket(e.dir), "DOCKER_CONFIG="+filepath.Join(e.dir, "config"),
		"DOCKER_BUILDKIT=1", "DOCKER_CONTEXT=")
	cmd.Stdout, cmd.Stderr = &out, &errors
	err = cmd.Run()
	return out.String(), errors.String(), err
}

// await returns when the engine answers.
func (e *Engine) await() {
	e.t.Helper()
	deadline := time.After(startTime)
	for {
		if _, _, err := e.run("version"); err == nil {
			return
		}
		select {
		case <-e.daemon.ended:
			e.t.Fatalf("dockerd ended:\n%s", e.daemon.log())
		case <-deadline:
			e.t.Fatalf("dockerd does not answer within %v:\n%s", startTime, e.daemon.log())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stop takes the containers away, so that their control groups go too, then the daemon and its files.
func (e *Engine) stop() {
	if e.daemon != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if ids, _, err := e.runContext(ctx, "ps", "--all", "--quiet"); err == nil && ids != "" {
			_, _, _ = e.runContext(ctx, append([]string{"rm", "--force"}, strings.Fields(ids)...)...)
		}
		e.daemon.kill()
	}
	if err := os.RemoveAll(e.dir); err != nil {
		e.t.Errorf("the engine left something behind: %v", err)
	}
}
