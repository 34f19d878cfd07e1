// Package tarball writes trees as deterministic archives and their checksum files, and reads archives of unknown origin
// as trees without trusting them.
package tarball

import (
	"runtime"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Format is a kind of archive, named by its file extension without the first dot.
type Format string

// The formats that are written.
const (
	TarGz  Format = "tar.gz"
	TarZst Format = "tar.zst"
	Zip    Format = "zip"
	Tar    Format = "tar"
)

// ParseFormat gives the format of that name; any other name is a usage error.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case TarGz, TarZst, Zip, Tar:
		return f, nil
	case "tgz":
		return TarGz, nil
	}
	return "", fault.Usage(s, "is not an archive format").WithHint("use tar.gz, tar.zst, zip or tar")
}

// Options say how an archive is written. Level and ModTime decide its bytes, Jobs does not.
type Options struct {
	Level   int       // of compression: 1 to 9, for tar.zst 1 to 22; 0 is the format's default; tar has none
	ModTime time.Time // of all members, cut to seconds; the zero time stands for the start of 1970
	Jobs    int       // how many goroutines compress; 0 is one for each processor
}

// Default levels. Of a .NET root, deflate level 7 makes archives 2 to 3 % larger than pigz at its default in half the
// processor time; level 6 takes a quarter less and makes them 4 to 5 % larger, level 8 a quarter more and saves half a
// percent. Zstandard level 7 is the library's "better": 4 % smaller than the zstd program's default.
const (
	defaultDeflateLevel = 7
	defaultZstdLevel    = 7
)

// maxJobs bounds the memory of a write to some 20 MiB. One goroutine reads the tree, so more would mostly wait.
const maxJobs = 16

// forFormat puts the defaults of a format in place and refuses a level that it does not have.
func (o Options) forFormat(f Format) (Options, error) {
	lowest, highest := 1, 9
	switch f {
	case Tar:
		o.Level, lowest = 0, 0
	case TarZst:
		highest = 22
	}
	if o.Level == 0 {
		o.Level = defaultLevel(f)
	}
	if o.Level < lowest || o.Level > highest {
		return o, fault.Usage("", "compression level %d does not exist for %s", o.Level, f).WithHint("use %d to %d, or 0 for the default", lowest, highest)
	}
	if o.ModTime.IsZero() {
		o.ModTime = time.Unix(0, 0)
	}
	o.ModTime = o.ModTime.UTC().Truncate(time.Second)
	if o.Jobs <= 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	o.Jobs = min(o.Jobs, maxJobs)
	return o, nil
}

func defaultLevel(f Format) int {
	switch f {
	case TarGz, Zip:
		return defaultDeflateLevel
	case TarZst:
		return defaultZstdLevel
	}
	return 0
}

// zstdLevel is the library's level for one on the scale of the zstd program.
func (o Options) zstdLevel() zstd.EncoderLevel { return zstd.EncoderLevelFromZstd(o.Level) }

// compressVersion is the version in go.mod of both compressors; another may give other bytes.
const compressVersion = "v1.20.3"

// Describe names what compresses a format, its version and the level that Write would
// use. All are empty for an archive that is not compressed.
func Describe(f Format, o Options) (compressor, version string, level int) {
	if o.Level == 0 {
		o.Level = defaultLevel(f)
	}
	switch f {
	case TarGz, Zip:
		return "klauspost/compress/flate", compressVersion, o.Level
	case TarZst:
		return "klauspost/compress/zstd", compressVersion, o.Level
	}
	return "", "", 0
}
