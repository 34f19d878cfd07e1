package pack

import (
	"os"
	"strconv"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// defaultDate is the earliest time that every archive format can hold: a zip begins in 1980.
var defaultDate = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// SourceDate is the modification time of all members where none is asked for: SOURCE_DATE_EPOCH, in seconds since 1970,
// as reproducible-builds.org specifies it, else 1980-01-01 00:00:00 UTC. Anything but a number below 1<<32 (the year
// 2106) is a usage error. In a zip, times before 1980 become that one.
func SourceDate() (time.Time, error) {
	const name = "SOURCE_DATE_EPOCH"
	value := os.Getenv(name)
	if value == "" {
		return defaultDate, nil
	}
	seconds, err := strconv.ParseUint(value, 10, 32)
	if err != nil {
		return time.Time{}, fault.Usage(name, "%q is not a number of seconds since 1970, below 1<<32", value)
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}
