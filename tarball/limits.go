package tarball

import (
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// Limits bound what an archive may unpack to; 0 stands for the default. A root of both frameworks has some 330 files and
// 110 MB and is packed to less than half.
type Limits struct {
	Total int64 // bytes of all files together, for a compressed tar with its headers; default 4 GiB
	Files int   // files, links and folders; default 100,000
	File  int64 // bytes of one file; default 1 GiB
	Ratio int64 // unpacked bytes for each byte of the archive, once 64 MiB are unpacked; default 100
}

// ratioFloor is how many bytes any archive may unpack to, however small it is: the ratio of a small archive says little.
const ratioFloor = 64 << 20

// WithDefaults puts the defaults in place of zeros.
func (l Limits) WithDefaults() Limits {
	if l.Total <= 0 {
		l.Total = 4 << 30
	}
	if l.Files <= 0 {
		l.Files = 100_000
	}
	if l.File <= 0 {
		l.File = tree.MaxFile
	}
	if l.Ratio <= 0 {
		l.Ratio = 100
	}
	return l
}

// unpacked is how many bytes an archive of a size may unpack to.
func (l Limits) unpacked(packed int64) int64 {
	if packed > l.Total/l.Ratio { // packed*l.Ratio could overflow
		return l.Total
	}
	return min(l.Total, max(packed*l.Ratio, ratioFloor))
}

// maxName is the longest path of a member, in bytes (PATH_MAX of Linux).
const maxName = 4096

// collector makes a tree of the members of an archive that nobody vouches for.
type collector struct {
	files   *tree.Map
	regular map[string]tree.File // for hard links
	folders map[string]bool
	members int
	budget  int64 // bytes that may still come
	limits  Limits
}

func newCollector(l Limits, packed int64) *collector {
	return &collector{files: tree.NewMap(), regular: map[string]tree.File{}, folders: map[string]bool{".": true},
		budget: l.unpacked(packed), limits: l}
}

// checkName refuses what no file of a framework is called and no message should show: control characters, bytes that are
// not UTF-8, and names beyond any limit.
func checkName(name string) error {
	if len(name) > maxName {
		return fault.New(strconv.Quote(name[:40])+"…", "has a name of %d bytes; %d is the limit", len(name), maxName)
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fault.New(strconv.Quote(name), "has a character that no path in a tree may have")
	}
	return nil
}

// admit gives the path in the tree of a member, and counts it and the folders that come with it.
func (c *collector) admit(name string) (string, error) {
	clean, err := tree.Clean(name)
	if err != nil {
		return "", err
	}
	c.members++
	for dir := path.Dir(clean); !c.folders[dir]; dir = path.Dir(dir) {
		c.folders[dir] = true
		c.members++
	}
	if c.members > c.limits.Files {
		return "", fault.New(name, "is one more than the %d files and folders that an archive may hold", c.limits.Files)
	}
	return clean, nil
}

// addFolder adds a folder, which may occur again.
func (c *collector) addFolder(name string) error {
	clean, err := c.admit(name)
	if err != nil {
		return err
	}
	c.folders[clean] = true
	return c.files.AddDir(clean)
}

// checkSize refuses a file that is too large by itself or with those before it.
func (c *collector) checkSize(name string, size int64) error {
	if size < 0 || size > c.limits.File {
		return fault.New(name, "has %d bytes; %d is the limit for one file", size, c.limits.File)
	}
	if c.budget -= size; c.budget < 0 {
		return fault.New(name, "takes what the archive unpacks to beyond the limit, for its size or at all")
	}
	return nil
}

// addFile adds a regular file.
func (c *collector) addFile(name string, f tree.File) error {
	clean, err := c.admit(name)
	if err != nil {
		return err
	}
	if err := c.checkSize(name, f.Size); err != nil {
		return err
	}
	c.regular[clean] = f
	return c.files.Add(clean, f)
}

// addLink adds a symbolic link.
func (c *collector) addLink(name string, f tree.File) error {
	clean, err := c.admit(name)
	if err != nil {
		return err
	}
	if err := checkLink(clean, f.Link); err != nil {
		return err
	}
	return c.files.Add(clean, f)
}

// addHardLink adds a second name of an earlier file.
func (c *collector) addHardLink(name, target string) error {
	from, err := tree.Clean(target)
	if err != nil {
		return fault.New(name, "is a hard link that leads out of the tree, to %q", target)
	}
	f, ok := c.regular[from]
	if !ok {
		return fault.New(name, "is a hard link to %q, which is no earlier file of the archive", target)
	}
	return c.addFile(name, f)
}
