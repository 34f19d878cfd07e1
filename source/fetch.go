package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
)

// fetcher asks the servers of one registry, again where that may help.
type fetcher struct {
	client    *http.Client
	authorize func(*url.URL) string // the Authorization header for an address, "" for none
	progress  progress.Reporter
	tries     int           // of one request, while it brings nothing new
	pause     time.Duration // before the second try; doubled each time
	patience  time.Duration // how long a server may be silent
}

const (
	defaultTries    = 4
	defaultPause    = 300 * time.Millisecond
	defaultPatience = 60 * time.Second
	longestPause    = 30 * time.Second // even if the server asks for more
	maxRedirects    = 10
)

func newFetcher(o Options, authorize func(*url.URL) string) *fetcher {
	return &fetcher{
		client:    &http.Client{CheckRedirect: checkRedirect},
		authorize: authorize,
		progress:  progress.Or(o.Progress),
		tries:     defaultTries,
		pause:     defaultPause,
		patience:  defaultPatience,
	}
}

// checkRedirect follows a server elsewhere, but not from an encrypted connection to a plain one.
func checkRedirect(to *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fault.New(shown(to.URL), "was reached by more than %d redirects", maxRedirects)
	}
	if to.URL.Scheme != "https" && via[len(via)-1].URL.Scheme == "https" {
		return fault.New(shown(to.URL), "an encrypted server redirects to this plain address")
	}
	return nil
}

// shown is an address without what may be secret in it: a password, a signed query.
func shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// statusError is an answer of a server that is no success.
type statusError struct {
	address string
	code    int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s: the server answers %d %s", e.address, e.code, http.StatusText(e.code))
}

// notFound says whether the server knows nothing under that address.
func notFound(err error) bool {
	var status *statusError
	return errors.As(err, &status) && (status.code == http.StatusNotFound || status.code == http.StatusGone)
}

// explainStatus gives a refusal the hint it needs.
func explainStatus(err error, credentials string) error {
	var status *statusError
	if errors.As(err, &status) && (status.code == http.StatusUnauthorized || status.code == http.StatusForbidden) {
		return &fault.Error{Err: err, Hint: credentials}
	}
	return err
}

// transientError is a failure that may not happen again.
type transientError struct {
	err      error
	after    time.Duration // asked for by the server
	advanced bool          // the try brought something that the next one builds on
}

func (e *transientError) Error() string { return e.err.Error() }

// repeat calls try until it succeeds, fails for good, or has failed too often without bringing anything.
func (f *fetcher) repeat(ctx context.Context, try func() error) error {
	pause := f.pause
	for failures := 0; ; {
		err := try()
		var transient *transientError
		if err == nil || !errors.As(err, &transient) {
			return err
		}
		if transient.advanced {
			failures, pause = 0, f.pause
		}
		if failures++; failures >= f.tries {
			return transient.err
		}
		if err := sleep(ctx, min(max(pause, transient.after), longestPause)); err != nil {
			return err
		}
		pause *= 2
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// get gives a small document, of at most limit bytes.
func (f *fetcher) get(ctx context.Context, address string, limit int64, header http.Header) ([]byte, error) {
	var data []byte
	err := f.repeat(ctx, func() error {
		resp, err := f.send(ctx, address, header)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return statusOf(resp)
		}
		if data, err = io.ReadAll(io.LimitReader(resp.Body, limit+1)); err != nil {
			return err
		}
		if int64(len(data)) > limit {
			return fault.New(shown(resp.Request.URL), "the answer is larger than %d bytes", limit)
		}
		return nil
	})
	return data, err
}

// send makes one request. The body of the answer ends with an error when the server falls silent; it must be closed.
func (f *fetcher) send(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	watched, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(watched, http.MethodGet, address, nil)
	if err != nil {
		cancel(nil)
		return nil, fault.New("", "the address of a package cannot be understood: %s", withoutAddress(err))
	}
	if req.URL.Scheme != "https" && req.URL.Scheme != "http" {
		cancel(nil)
		return nil, fault.New(shown(req.URL), "is not an address of the web (https or http)")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if a := f.authorize(req.URL); a != "" {
		req.Header.Set("Authorization", a)
	}
	timer := time.AfterFunc(f.patience, func() { cancel(errSilent) })
	body := &watchedBody{ctx: ctx, watched: watched, timer: timer, patience: f.patience, cancel: cancel,
		address: shown(req.URL)}
	resp, err := f.client.Do(req)
	if err != nil {
		body.stop()
		return nil, body.explain(err)
	}
	body.ReadCloser = resp.Body
	resp.Body = body
	return resp, nil
}

var errSilent = errors.New("the server has fallen silent")

// watchedBody is the body of an answer that is given up when nothing comes for a while. Its errors say what to expect of
// another try.
type watchedBody struct {
	io.ReadCloser
	ctx      context.Context // of the caller
	watched  context.Context // of the request
	timer    *time.Timer
	patience time.Duration
	cancel   context.CancelCauseFunc
	address  string
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.timer.Reset(b.patience)
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, b.explain(err)
}

func (b *watchedBody) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}

func (b *watchedBody) stop() {
	b.timer.Stop()
	b.cancel(nil)
}

// explain sorts a failure of the connection: ended by the caller, not to be helped, or perhaps better next time.
func (b *watchedBody) explain(err error) error {
	if b.ctx.Err() != nil {
		return b.ctx.Err()
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	if errors.Is(context.Cause(b.watched), errSilent) {
		err = errSilent
	}
	wrapped := fault.Wrap(withoutAddress(err), b.address, "")
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	if errors.As(err, &certificate) || errors.As(err, &dns) && dns.IsNotFound {
		return wrapped
	}
	return &transientError{err: wrapped}
}

// withoutAddress takes the address, which may hold a secret, off an error.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// statusOf makes an error of an answer that is no success. Overload and trouble inside the server may pass.
func statusOf(resp *http.Response) error {
	err := &statusError{shown(resp.Request.URL), resp.StatusCode}
	switch code := resp.StatusCode; {
	case code == http.StatusNotImplemented, code == http.StatusHTTPVersionNotSupported:
		return err
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return &transientError{err: err, after: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	}
	return err
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, section 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), int(longestPause/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
