package dockerfile

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

const suffix = ".tar.gz"

// archive is a packed dotnet root for Linux.
type archive struct {
	Name       string // file name
	Product    string
	Version    string
	RID        string
	DockerArch string // as BuildKit's TARGETARCH says it
	Musl       bool
	SHA512     string // lower hexadecimal
}

// stem is the file name without its ending, which the manifest's name shares.
func (a archive) stem() string { return strings.TrimSuffix(a.Name, suffix) }

// archiveName is <product>-<version>-<rid>.tar.gz, as dotnet-docker's Dockerfile.download-dotnet spells it. All that it
// matches can stand in a Dockerfile and a shell as it is.
var archiveName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*?)-([0-9]+\.[0-9]+\.[0-9]+(?:[.+-][0-9A-Za-z]+)*?)-((linux(?:-musl)?)-([a-z0-9]+))\.tar\.gz$`)

// dockerArchs translates the processor of a RID to Docker's GOARCH names.
var dockerArchs = map[string]string{
	"x64": "amd64", "arm64": "arm64", "arm": "arm", "x86": "386", "s390x": "s390x", "ppc64le": "ppc64le",
	"riscv64": "riscv64", "loongarch64": "loong64",
}

// findArchives lists the archives for Linux, or only the one named, sorted by version, then name.
func findArchives(dist fs.FS, only string) ([]archive, error) {
	entries, err := fs.ReadDir(dist, ".")
	if err != nil {
		return nil, fault.Wrap(err, "", "the folder of archives cannot be read")
	}
	var found []archive
	var others []string // that look like packed roots, but are not for this
	for _, e := range entries {
		name := e.Name()
		if !e.Type().IsRegular() || only != "" && name != only {
			continue
		}
		a, ok := parseArchiveName(name)
		switch {
		case ok:
			found = append(found, a)
		case strings.HasSuffix(name, suffix) && !isPlain(name):
			return nil, fault.New(shown(name), "an archive of that name cannot stand in a Dockerfile").
				WithHint("rename it to <product>-<version>-<rid>.tar.gz")
		case isArchive(name):
			others = append(others, name)
		}
	}
	if len(found) == 0 {
		return nil, noArchive(only, others)
	}
	slices.SortFunc(found, func(a, b archive) int {
		return cmp.Or(compareVersions(a.Version, b.Version), strings.Compare(a.Name, b.Name))
	})
	return found, nil
}

func parseArchiveName(name string) (archive, bool) {
	m := archiveName.FindStringSubmatch(name)
	if m == nil || dockerArchs[m[5]] == "" {
		return archive{}, false
	}
	return archive{Name: name, Product: m[1], Version: m[2], RID: m[3], Musl: m[4] == "linux-musl",
		DockerArch: dockerArchs[m[5]]}, true
}

func isArchive(name string) bool {
	return slices.ContainsFunc([]string{".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar", ".zip"},
		func(end string) bool { return strings.HasSuffix(name, end) })
}

func noArchive(only string, others []string) error {
	const hint = "archives are called <product>-<version>-<rid>.tar.gz, with a RID of Linux; r2rpack pack ROOT -o DIR makes them"
	if only != "" && len(others) == 0 {
		return fault.Usage(shown(only), "there is no such archive in the folder").WithHint(hint)
	}
	if len(others) == 0 {
		return fault.New("", "the folder holds no archive").WithHint(hint)
	}
	for i, name := range others {
		others[i] = shown(name)
	}
	return fault.New("", "the folder holds no .tar.gz archive for Linux, only %s", strings.Join(others, ", ")).WithHint(hint)
}

// compareVersions orders by the three numbers, then by the text after them with no text last, as a release comes after
// its previews.
func compareVersions(a, b string) int {
	an, arest := versionNumbers(a)
	bn, brest := versionNumbers(b)
	return cmp.Or(slices.Compare(an, bn), boolCompare(arest == "", brest == ""), strings.Compare(arest, brest))
}

func versionNumbers(v string) (numbers []int, rest string) {
	end := strings.IndexAny(v, "+-")
	if end < 0 {
		end = len(v)
	}
	for _, field := range strings.Split(v[:end], ".") {
		n, _ := strconv.Atoi(field)
		numbers = append(numbers, n)
	}
	return numbers, v[end:]
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// isPlain says whether a name consists of what archive names are made of.
func isPlain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r))
	})
}

// shown is a name as an error of one line shows it.
func shown(name string) string {
	if name != "" && isPlain(name) {
		return name
	}
	return strconv.Quote(name)
}

// readSmall reads a file that must not be longer than limit bytes.
func readSmall(dist fs.FS, name string, limit int64) ([]byte, error) {
	f, err := dist.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New("is longer than " + strconv.FormatInt(limit, 10) + " bytes")
	}
	return data, err
}
