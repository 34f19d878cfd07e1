package launch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Server says how to reach a program that serves HTTP.
type Server struct {
	// URLs are asked for in this order, with GET. One that is a path only, such as "/health", is asked for at Port of
	// 127.0.0.1. The server is ready when the first is answered, with whatever status.
	URLs []string
	// Port is where paths are asked for; 0 where ReadyFile says it.
	Port int
	// ReadyFile, if any, is a file that the program makes when it is ready. A number in it is the port. It is removed
	// before the start.
	ReadyFile string
}

// Response is one answer of a server.
type Response struct {
	URL       string // as it was given in Server.URLs
	Status    int
	SHA256    string // of the body, hexadecimal
	Bytes     int64
	FirstByte time.Time // when the first byte of the answer came
}

// pollEvery is the time between two looks whether a server is ready: short beside any start, long beside a refused connection.
const pollEvery = time.Millisecond

// maxBody is how much of an answer is read, in bytes.
const maxBody = 64 << 20

// Prepare takes away the ready file of an earlier run.
func (s Server) Prepare() error {
	if s.ReadyFile == "" {
		return nil
	}
	if err := os.Remove(s.ReadyFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.Wrap(fault.Cause(err), s.ReadyFile, "cannot be removed before the program makes it")
	}
	return nil
}

// Await waits until a server answers, asks it for all URLs and gives the answers in their order. A process that ends
// before is an error. The caller bounds the time through ctx.
func (s Server) Await(ctx context.Context, p *Process) ([]Response, error) {
	port, err := s.awaitFile(ctx, p)
	if err != nil {
		return nil, err
	}
	c := caller{process: p, port: port, client: &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	defer c.client.CloseIdleConnections()
	var all []Response
	for i, given := range s.URLs {
		r, err := c.ask(ctx, given, i == 0)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// caller is the outside client of one process.
type caller struct {
	process *Process
	port    int
	client  *http.Client
}

// ask asks for one URL, again and again while nobody listens if wait is set.
func (c caller) ask(ctx context.Context, given string, wait bool) (Response, error) {
	target, err := absolute(given, c.port)
	if err != nil {
		return Response{}, err
	}
	for {
		r, err := get(ctx, c.client, target)
		if err == nil {
			r.URL = given
			return r, nil
		}
		if !wait || !refused(err) {
			return r, failedRequest(ctx, given, err)
		}
		if err := pause(ctx, c.process); err != nil {
			return r, err
		}
	}
}

// ErrEnded says that a process ended before it was ready.
var ErrEnded = errors.New("it had not answered yet")

// pause waits for a moment; that the process has ended is an error.
func pause(ctx context.Context, p *Process) error {
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	select {
	case <-p.Done():
		return ErrEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func (s Server) awaitFile(ctx context.Context, p *Process) (int, error) {
	if s.ReadyFile == "" {
		return s.Port, nil
	}
	for {
		data, err := os.ReadFile(s.ReadyFile)
		if err == nil && len(data) > 0 {
			return s.portIn(data), nil
		}
		if err := pause(ctx, p); err != nil {
			return 0, err
		}
	}
}

// portIn reads the port from the ready file. A file without one says no more than that the program is ready.
func (s Server) portIn(data []byte) int {
	port, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 16)
	if err != nil || port == 0 {
		return s.Port
	}
	return int(port)
}

func absolute(given string, port int) (string, error) {
	if !strings.HasPrefix(given, "/") {
		return given, nil
	}
	if port == 0 {
		return "", fault.New(given, "is a path, and no port is known").WithHint("give the whole URL, or a ready file with the port in it")
	}
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + given, nil
}

// refused says whether nobody listens yet.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// get asks once and reads the whole answer.
func get(ctx context.Context, client *http.Client, target string) (Response, error) {
	var r Response
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: func() { r.FirstByte = time.Now() }})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return r, err
	}
	answer, err := client.Do(req)
	if err != nil {
		return r, err
	}
	defer answer.Body.Close()
	hash := sha256.New()
	r.Status = answer.StatusCode
	r.Bytes, err = io.Copy(hash, io.LimitReader(answer.Body, maxBody))
	r.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return r, err
}

func failedRequest(ctx context.Context, given string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	return fault.Wrap(err, given, "no answer")
}

// ListenOn is the environment variable that tells ASP.NET Core to listen on a port of 127.0.0.1.
func ListenOn(port int) string { return fmt.Sprintf("ASPNETCORE_URLS=http://127.0.0.1:%d", port) }

// FreePort gives a port of 127.0.0.1 on which nothing listens now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fault.Wrap(err, "", "no free port")
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
