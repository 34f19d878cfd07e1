package tarball

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"io"
	"math"
	"strings"
	"time"
)

// writeZip writes members only: as in official .NET archives, folders are not members of their own.
func writeZip(ctx context.Context, w io.Writer, members []member, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	zw := zip.NewWriter(w)
	d := newDeflater(ctx, o.Level, o.Jobs)
	buffer := make([]byte, copyBuffer)
	for _, m := range members {
		if err := addToZip(ctx, zw, d, m, o.ModTime, buffer); err != nil {
			cancel() // ends what is still compressing
			_ = d.Close()
			return err
		}
	}
	if err := d.Close(); err != nil {
		return err
	}
	return zw.Close()
}

func addToZip(ctx context.Context, zw *zip.Writer, d *deflater, m member, modTime time.Time, buffer []byte) error {
	h := zipHeader(m, modTime)
	err := d.begin(&stream{
		start: func() (io.Writer, error) { return zw.CreateRaw(h) },
		end:   func(sums streamSums) error { setSums(h, sums); return nil },
	})
	if err != nil {
		return err
	}
	if isLink(m.Entry) {
		_, err = io.WriteString(d, m.Link)
	} else {
		err = m.copyTo(ctx, d, buffer)
	}
	if err == nil {
		d.end()
	}
	return err
}

// Parts of a zip header (APPNOTE.TXT, section 4.4).
const (
	zipDescriptor = 0x8   // sizes and checksum follow the data
	zipUTF8       = 0x800 // the name is UTF-8
	zipEncrypted  = 0x1
	zipVersion20  = 20 // deflate
	zipVersion45  = 45 // sizes of 64 bits
	zipUnix       = 3 << 8
	unixTimeExtra = 0x5455 // "extended timestamp" of Info-ZIP
)

func zipHeader(m member, modTime time.Time) *zip.FileHeader {
	h := &zip.FileHeader{Name: m.Path, Method: zip.Deflate, Flags: zipDescriptor | zipUTF8, ReaderVersion: zipVersion20}
	h.SetMode(m.mode())
	h.CreatorVersion = zipUnix | zipVersion20
	//lint:ignore SA1019 archive/zip takes the time of a member that comes compressed from these two fields
	h.ModifiedDate, h.ModifiedTime = dosTime(modTime)
	if seconds := modTime.Unix(); 0 <= seconds && seconds <= math.MaxInt32 {
		h.Extra = binary.LittleEndian.AppendUint16(h.Extra, unixTimeExtra)
		h.Extra = append(h.Extra, 5, 0, 1) // five bytes follow, of which the first says: modification time only
		h.Extra = binary.LittleEndian.AppendUint32(h.Extra, uint32(seconds))
	}
	return h
}

// dosTime is a time in UTC in the form of MS-DOS, which begins with 1980, ends with 2107 and has even seconds only.
func dosTime(t time.Time) (date, clock uint16) {
	if t.Year() < 1980 {
		t = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if t.Year() > 2107 {
		t = time.Date(2107, 12, 31, 23, 59, 58, 0, time.UTC)
	}
	date = uint16(t.Year()-1980)<<9 | uint16(t.Month())<<5 | uint16(t.Day())
	clock = uint16(t.Hour())<<11 | uint16(t.Minute())<<5 | uint16(t.Second()/2)
	return date, clock
}

// setSums completes the header of a member whose data is written: the descriptor after the data and the directory are
// written later. The sizes of 32 bits are all ones where those of 64 count.
func setSums(h *zip.FileHeader, sums streamSums) {
	h.CRC32 = sums.crc32
	h.UncompressedSize64, h.CompressedSize64 = uint64(sums.size), uint64(sums.packed)
	if sums.size >= math.MaxUint32 || sums.packed >= math.MaxUint32 {
		h.ReaderVersion = zipVersion45
	}
	//lint:ignore SA1019 archive/zip writes these two for a member that comes compressed
	h.UncompressedSize, h.CompressedSize = uint32(min(h.UncompressedSize64, math.MaxUint32)), uint32(min(h.CompressedSize64, math.MaxUint32))
}

// isZipFolder says whether a member is a folder: its name ends with a slash.
func isZipFolder(name string) bool { return strings.HasSuffix(name, "/") }
