package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
)

// maxDownload is the largest package that is taken, in bytes. The largest runtime packs have some hundred megabytes.
const maxDownload = 4 << 30

// download is one file on its way. What has come lies in partial, and stays there when the work is interrupted, so that
// the next run goes on where this one ended.
type download struct {
	*fetcher
	address string
	name    string     // for people
	partial string     // path of the unfinished file
	known   []checksum // what the file must hash to
	resumed bool       // some of it was continued, so that its parts may not belong together
	task    progress.Task
	counted int64 // bytes that the task knows of
}

// store gives the cache that the options name.
func (o Options) store() (*cache.Store, error) {
	if o.Cache != nil {
		return o.Cache, nil
	}
	return cache.Open("")
}

// fetch fills a place of the cache, tmp, with the file.
func (d *download) fetch(ctx context.Context, tmp string) error {
	defer func() {
		if d.task != nil {
			d.task.Done()
		}
	}()
	err := d.whole(ctx)
	if d.resumed && errors.As(err, new(mismatchError)) {
		err = d.whole(ctx)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(d.partial, tmp); err != nil {
		return err
	}
	_ = os.Remove(d.validatorPath())
	return nil
}

// whole brings the part to its end and compares it with what is known. What does not fit is thrown away.
func (d *download) whole(ctx context.Context) error {
	if err := d.repeat(ctx, func() error { return d.attempt(ctx) }); err != nil {
		return err
	}
	err := verifyAll(ctx, d.known, d.partial, d.name)
	if errors.As(err, new(mismatchError)) {
		d.discard()
	}
	return err
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (d *download) validatorPath() string { return d.partial + ".from" }

// discard forgets what has come.
func (d *download) discard() {
	_ = os.Remove(d.partial)
	_ = os.Remove(d.validatorPath())
}

// validator is what a server says about the state of a file (RFC 9110, section 13.1.5): only a part that carries the
// same one may be continued. Address is where the part came from.
type validator struct {
	Address string `json:"address"`
	Value   string `json:"value"`
}

func (d *download) validatorOf(resp *http.Response) validator {
	v := validator{Address: d.address, Value: resp.Header.Get("ETag")}
	if v.Value == "" || strings.HasPrefix(v.Value, "W/") {
		v.Value = resp.Header.Get("Last-Modified")
	}
	return v
}

// rest gives the headers that ask for what is missing, and the offset it begins at. Without a validator a part is
// continued only if a known hash will show whether the whole fits.
func (d *download) rest() (http.Header, int64) {
	header := http.Header{"Accept-Encoding": {"identity"}}
	from := size(d.partial)
	if from == 0 {
		return header, 0
	}
	data, err := os.ReadFile(d.validatorPath())
	var v validator
	if err != nil || json.Unmarshal(data, &v) != nil || v.Address != d.address || v.Value == "" && len(d.known) == 0 {
		return header, 0
	}
	header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	if v.Value != "" {
		header.Set("If-Range", v.Value)
	}
	return header, from
}

// attempt asks once and adds what comes to the part.
func (d *download) attempt(ctx context.Context) error {
	header, from := d.rest()
	resp, err := d.send(ctx, d.address, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	found := resp.Header.Get("Content-Range")
	switch resp.StatusCode {
	case http.StatusOK:
		d.report(0, resp.ContentLength)
		return d.add(resp, 0)
	case http.StatusPartialContent:
		if from > 0 && strings.HasPrefix(found, fmt.Sprintf("bytes %d-", from)) {
			d.resumed = true
			d.report(from, resp.ContentLength)
			return d.add(resp, from)
		}
	case http.StatusRequestedRangeNotSatisfiable:
		if found == fmt.Sprintf("bytes */%d", from) {
			d.resumed = true // the part is the whole
			return nil
		}
	default:
		return statusOf(resp)
	}
	d.discard()
	return &transientError{err: fault.New(shown(resp.Request.URL), "the server sends another part of the file than was asked for")}
}

// report tells the progress where the part begins; length is what is announced to come, or -1.
func (d *download) report(from, length int64) {
	if d.task == nil {
		total := int64(-1)
		if length >= 0 {
			total = from + length
		}
		d.task = d.progress.Start(d.name, total)
	}
	d.count(from - d.counted)
}

func (d *download) count(n int64) {
	d.counted += n
	d.task.Add(n)
}

// add writes the body of an answer to the part, from an offset on.
func (d *download) add(resp *http.Response, from int64) error {
	if from == 0 {
		text, err := json.Marshal(d.validatorOf(resp))
		if err != nil {
			return err
		}
		if err := os.WriteFile(d.validatorPath(), text, 0o644); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(d.partial, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(from); err != nil {
		return err
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	n, err := io.Copy(io.MultiWriter(f, counter{d}), io.LimitReader(resp.Body, maxDownload-from+1))
	if from+n > maxDownload {
		return fault.New(shown(resp.Request.URL), "the file is larger than %d bytes", int64(maxDownload))
	}
	var transient *transientError
	if errors.As(err, &transient) {
		transient.advanced = from > 0 && n >= worthwhile
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// worthwhile is how many bytes an interrupted try must add so that it does not count as a failure.
const worthwhile = 256 << 10

// counter reports what is written.
type counter struct{ d *download }

func (c counter) Write(p []byte) (int, error) {
	c.d.count(int64(len(p)))
	return len(p), nil
}
