package source

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// nugetSource is one place that packages come from: the address of a v3 service index, or a folder.
type nugetSource struct {
	name     string
	location string
	login    *login
}

// login is what a source wants to know of its user.
type login struct {
	user, password string
	encrypted      bool // the password can be read on the machine that wrote it only
}

// newNuGetSource gives a source without a login. An address of a file is that of a folder.
func newNuGetSource(name, location string) nugetSource {
	if u, err := url.Parse(location); err == nil && u.Scheme == "file" {
		location = filepath.FromSlash(u.Path)
	}
	return nugetSource{name: name, location: location}
}

// isFolder says whether the source is a folder of this machine.
func (s nugetSource) isFolder() bool { return !strings.Contains(s.location, "://") }

// nugetConfig is what all NuGet.Config files that apply say together, as the NuGet client merges them
// (NuGet.Configuration, Settings.cs and PackageSourceProvider.cs).
type nugetConfig struct {
	sources []nugetSource       // enabled, from the closest file to the furthest
	mapping map[string][]string // source name in lower case -> package patterns; empty: every source has everything
	files   []string            // that were read
}

// maxNuGetConfig is the largest NuGet.Config that is read, in bytes.
const maxNuGetConfig = 1 << 20

// readNuGetConfig reads the configuration that applies in the folder of the options.
func readNuGetConfig(o Options) (*nugetConfig, error) {
	paths, err := nugetConfigPaths(o)
	if err != nil {
		return nil, err
	}
	m := merger{env: o.env}
	for i, p := range slices.Backward(paths) { // from the furthest to the closest, which has the last word
		data, err := readLimited(p, maxNuGetConfig)
		if err != nil {
			return nil, fault.Wrap(fault.Cause(err), p, "cannot be read")
		}
		if err := m.add(p, len(paths)-i, data); err != nil {
			return nil, err
		}
	}
	c := m.result()
	c.files = paths
	return c, nil
}

// readLimited reads a small file of the user.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("is larger than %d bytes", limit)
	}
	return data, err
}

// env looks up a variable of the environment.
func (o Options) env(name string) string {
	if o.Env != nil {
		return o.Env(name)
	}
	return os.Getenv(name)
}

// workDir is the absolute folder in which configuration is looked for.
func (o Options) workDir() (string, error) { return filepath.Abs(o.Dir) }

// nugetConfigPaths lists the files that exist, closest first: from the working folder upwards, the user's, the user's
// additional ones, the machine's.
func nugetConfigPaths(o Options) ([]string, error) {
	dir, err := o.workDir()
	if err != nil {
		return nil, err
	}
	var paths []string
	for {
		// On a file system that ignores case these are one file.
		if p, ok := firstFile(dir, "nuget.config", "NuGet.config", "NuGet.Config"); ok {
			paths = append(paths, p)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	for _, user := range nugetUserDirs(o) {
		if p, ok := firstFile(user, "NuGet.Config"); ok {
			paths = append(paths, p)
			paths = append(paths, configFiles(filepath.Join(user, "config"))...)
			break
		}
	}
	return append(paths, configFiles(filepath.Join(nugetMachineDir(o), "NuGet", "Config"))...), nil
}

// nugetUserDirs lists where the user's NuGet.Config may be; the first that has one counts. Source: NuGet.Common,
// NuGetEnvironment.cs; the last place is that of the Mono builds of the client.
func nugetUserDirs(o Options) []string {
	if runtime.GOOS == "windows" {
		return []string{filepath.Join(o.env("APPDATA"), "NuGet")}
	}
	home := o.env("HOME")
	xdg := o.env("XDG_CONFIG_HOME")
	if xdg == "" {
		xdg = filepath.Join(home, ".config")
	}
	return []string{filepath.Join(home, ".nuget", "NuGet"), filepath.Join(xdg, "NuGet")}
}

// nugetMachineDir is the folder above the machine's configuration. Source: NuGet.Common, NuGetEnvironment.cs.
func nugetMachineDir(o Options) string {
	switch {
	case runtime.GOOS == "windows":
		return o.env("PROGRAMFILES(X86)")
	case o.env("NUGET_COMMON_APPLICATION_DATA") != "":
		return o.env("NUGET_COMMON_APPLICATION_DATA")
	case runtime.GOOS == "darwin":
		return "/Library/Application Support"
	}
	return "/etc/opt"
}

// firstFile gives the first of the names that is a file in dir. A relative dir, made from an unset variable, has none.
func firstFile(dir string, names ...string) (string, bool) {
	if !filepath.IsAbs(dir) {
		return "", false
	}
	for _, n := range names {
		p := filepath.Join(dir, n)
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p, true
		}
	}
	return "", false
}

// configFiles lists the files of a folder whose names end in .config or .Config, by name.
func configFiles(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil || !filepath.IsAbs(dir) {
		return nil
	}
	var out []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.Type().IsRegular() && (ext == ".config" || ext == ".Config") {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

// element is one element of a configuration file.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Elements []element  `xml:",any"`
}

// attr gives the value of an attribute, "" if there is none.
func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// merger adds up configuration files, of which each later one is closer to the user.
type merger struct {
	env      func(string) string
	sources  []mergedSource
	disabled map[string]bool
	logins   map[string]login
	mapping  map[string][]string
}

type mergedSource struct {
	nugetSource
	closeness int // of the file that has the last word on it
}

// add merges one file. Its path is what relative folders in it are relative to.
func (m *merger) add(path string, closeness int, data []byte) error {
	var root element
	if err := xml.NewDecoder(bytes.NewReader(data)).Decode(&root); err != nil {
		return fault.Wrap(err, path, "is not a NuGet configuration")
	}
	if root.XMLName.Local != "configuration" {
		return fault.New(path, "is not a NuGet configuration: its root element is <%s>", root.XMLName.Local)
	}
	for _, section := range root.Elements {
		for _, item := range section.Elements {
			switch section.XMLName.Local {
			case "packageSources":
				m.addSource(path, closeness, item)
			case "disabledPackageSources":
				m.addDisabled(item)
			case "packageSourceCredentials":
				m.addLogin(item)
			case "packageSourceMapping":
				m.addMapping(item)
			}
		}
	}
	return nil
}

func (m *merger) addSource(path string, closeness int, item element) {
	switch item.XMLName.Local {
	case "clear":
		m.sources = nil
	case "add":
		s := mergedSource{newNuGetSource(item.attr("key"), expand(item.attr("value"), m.env)), closeness}
		if s.name == "" || s.location == "" {
			return
		}
		if s.isFolder() {
			s.location = folderLocation(filepath.Dir(path), s.location)
		}
		m.sources = slices.DeleteFunc(m.sources, func(old mergedSource) bool { return strings.EqualFold(old.name, s.name) })
		m.sources = append(m.sources, s)
	}
}

// folderLocation makes a path absolute that is relative to the folder of the file that names it.
func folderLocation(dir, location string) string {
	if runtime.GOOS != "windows" {
		location = strings.ReplaceAll(location, `\`, "/")
	}
	if filepath.IsAbs(location) {
		return location
	}
	return filepath.Join(dir, location)
}

// addDisabled takes a source out; the value does not matter (PackageSourceProvider.IsPackageSourceEnabled).
func (m *merger) addDisabled(item element) {
	switch item.XMLName.Local {
	case "clear":
		m.disabled = nil
	case "add":
		if m.disabled == nil {
			m.disabled = map[string]bool{}
		}
		m.disabled[strings.ToLower(item.attr("key"))] = true
	}
}

func (m *merger) addLogin(item element) {
	if item.XMLName.Local == "clear" {
		m.logins = nil
		return
	}
	if m.logins == nil {
		m.logins = map[string]login{}
	}
	var l login
	for _, add := range item.Elements {
		value := expand(add.attr("value"), m.env)
		switch strings.ToLower(add.attr("key")) {
		case "username":
			l.user = value
		case "cleartextpassword":
			l.password, l.encrypted = value, false
		case "password":
			l.encrypted = l.password == ""
		}
	}
	m.logins[strings.ToLower(decodeName(item.XMLName.Local))] = l
}

func (m *merger) addMapping(item element) {
	switch item.XMLName.Local {
	case "clear":
		m.mapping = nil
	case "packageSource":
		if m.mapping == nil {
			m.mapping = map[string][]string{}
		}
		var patterns []string
		for _, p := range item.Elements {
			if pattern := p.attr("pattern"); p.XMLName.Local == "package" && pattern != "" {
				patterns = append(patterns, strings.ToLower(pattern))
			}
		}
		m.mapping[strings.ToLower(item.attr("key"))] = patterns
	}
}

// result gives the sources that are left, those of the closest file first.
func (m *merger) result() *nugetConfig {
	slices.SortStableFunc(m.sources, func(a, b mergedSource) int { return b.closeness - a.closeness })
	c := &nugetConfig{mapping: m.mapping}
	for _, s := range m.sources {
		name := strings.ToLower(s.name)
		if m.disabled[name] {
			continue
		}
		if l, ok := m.logins[name]; ok {
			s.login = &l
		}
		if l, ok := loginFromEnv(m.env("NuGetPackageSourceCredentials_" + s.name)); ok {
			s.login = &l
		}
		c.sources = append(c.sources, s.nugetSource)
	}
	return c
}

// envLogin is the form of a login in the environment (PackageSourceProvider.ReadCredentialFromEnvironment).
var envLogin = regexp.MustCompile(`(?i)^Username=(.*?);\s*Password=(.*?)(?:;ValidAuthenticationTypes=.*)?$`)

func loginFromEnv(value string) (login, bool) {
	parts := envLogin.FindStringSubmatch(strings.TrimSpace(value))
	if parts == nil {
		return login{}, false
	}
	return login{user: parts[1], password: parts[2]}, true
}

// envReference is a variable in a value, on every system in the form of Windows (Environment.ExpandEnvironmentVariables).
var envReference = regexp.MustCompile(`%[^%]+%`)

// expand puts the values of variables in; those that are not set stay as they are written.
func expand(text string, env func(string) string) string {
	return envReference.ReplaceAllStringFunc(text, func(ref string) string {
		if value := env(ref[1 : len(ref)-1]); value != "" {
			return value
		}
		return ref
	})
}

// encodedName is a character that no XML name may have, as XmlConvert.EncodeLocalName writes it.
var encodedName = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// decodeName gives the source name that an element name stands for.
func decodeName(name string) string {
	return encodedName.ReplaceAllStringFunc(name, func(code string) string {
		n, _ := strconv.ParseUint(code[2:6], 16, 16)
		return string(rune(n))
	})
}

// sourcesFor gives the sources that a package may come from: those with the most specific pattern that fits its id, or
// all where nothing is mapped (NuGet.Configuration, PackageSourceMapping).
func (c *nugetConfig) sourcesFor(id string) []nugetSource {
	if len(c.mapping) == 0 {
		return c.sources
	}
	best, names := -1, map[string]bool{}
	for name, patterns := range c.mapping {
		for _, p := range patterns {
			rank := patternRank(p, strings.ToLower(id))
			if rank > best {
				best, names = rank, map[string]bool{}
			}
			if rank >= 0 && rank == best {
				names[name] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(c.sources), func(s nugetSource) bool { return !names[strings.ToLower(s.name)] })
}

// exactRank is above the rank of every prefix.
const exactRank = 1 << 30

// patternRank says how specific a pattern is for an id: -1 when it does not fit.
func patternRank(pattern, id string) int {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		if strings.HasPrefix(id, prefix) {
			return len(prefix)
		}
		return -1
	}
	if pattern == id {
		return exactRank
	}
	return -1
}

// nugetSources gives the sources that a package may come from: those the options name, else those of the configuration.
// A source in the options may also be the name of a configured one, and gets its login when it is one.
func nugetSources(id string, o Options) ([]nugetSource, error) {
	c, err := readNuGetConfig(o)
	if err != nil {
		return nil, err
	}
	if len(o.NuGetSources) == 0 {
		sources := c.sourcesFor(id)
		if len(sources) == 0 {
			return nil, c.noSource(id)
		}
		return sources, nil
	}
	var out []nugetSource
	for _, named := range o.NuGetSources {
		s := newNuGetSource(named, named)
		for _, known := range c.sources {
			if strings.EqualFold(known.name, named) || known.location == named {
				s = known
			}
		}
		if s.isFolder() {
			if _, err := os.Stat(s.location); errors.Is(err, fs.ErrNotExist) {
				return nil, fault.New(s.location, "is no address, no folder, and no source that NuGet.Config names")
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func (c *nugetConfig) noSource(id string) error {
	if len(c.sources) > 0 {
		return fault.New(id, "packageSourceMapping in NuGet.Config lets it come from no source").
			WithHint("add a pattern for it there; read were %s", strings.Join(c.files, ", "))
	}
	return fault.New(id, "no NuGet source is configured").
		WithHint("name one with --nuget-source or in NuGet.Config, or a folder of packages with --packs")
}
