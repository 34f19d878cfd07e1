package enginetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// daemon is a dockerd as process 1 of its own process and mount namespaces. When it ends, the kernel ends its containers
// and containerd and takes away every mount, whatever state they are in.
type daemon struct {
	process *os.Process
	ended   chan struct{} // closed when the process has ended
	logFile string
}

// startDaemon starts dockerd with all its files in dir.
func startDaemon(dir string) (*daemon, error) {
	logFile, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer logFile.Close()
	config := filepath.Join(dir, "daemon.json") // in place of the machine's own
	if err := os.WriteFile(config, []byte("{}"), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("sh", "-c", `mount -t proc proc /proc && exec dockerd "$@"`, "dockerd",
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"), "--host", "unix://"+socket(dir), "--config-file", config,
		"--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false")
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.SysProcAttr = ownNamespaces()
	d := &daemon{ended: make(chan struct{}), logFile: logFile.Name()}
	started := make(chan error)
	go func() {
		// The kernel counts the thread that started a process as its parent, so that thread has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		d.process = cmd.Process
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(d.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return d, nil
}

// kill ends the daemon and waits for that.
func (d *daemon) kill() {
	_ = d.process.Signal(syscall.SIGKILL)
	<-d.ended
}

// log gives the last lines of what the daemon said.
func (d *daemon) log() string {
	data, err := os.ReadFile(d.logFile)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func socket(dir string) string { return filepath.Join(dir, "s") }
