package enginetest

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// oldestDocker is the first version whose own Dockerfile frontend knows COPY --link.
const oldestDocker = 23

// requireTools skips the test where an engine cannot run.
func requireTools(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		testdata.Missing(t, "a container engine needs Linux and root")
	}
	tools := []string{"dockerd", "docker"}
	if os.Getenv("R2RPACK_BASE_IMAGE_TAR") == "" {
		tools = append(tools, "mmdebstrap")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			testdata.Missing(t, "%s is not installed: run internal/enginetest/install.sh", tool)
		}
	}
	out, err := exec.CommandContext(t.Context(), "dockerd", "--version").Output()
	if version := majorVersion(out); err != nil || version < oldestDocker {
		testdata.Missing(t, "dockerd %d does not know COPY --link, %d does: run internal/enginetest/install.sh", version, oldestDocker)
	}
	if err := exec.CommandContext(t.Context(), "docker", "buildx", "version").Run(); err != nil {
		testdata.Missing(t, "docker has no BuildKit client: run internal/enginetest/install.sh")
	}
}

var version = regexp.MustCompile(`version ([0-9]+)\.`)

// majorVersion reads "Docker version 26.1.5+dfsg1, build …"; 0 stands for none.
func majorVersion(text []byte) int {
	m := version.FindSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}
