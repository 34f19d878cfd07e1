package source

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// npmrc is npm's configuration: the files that apply, the closest first (npm documentation, "npmrc").
type npmrc struct {
	env   func(string) string
	dir   string // the working folder
	files []map[string]string
}

// maxNPMRC is the largest .npmrc that is read, in bytes.
const maxNPMRC = 1 << 20

// readNPMRC reads the .npmrc of the project and of the user.
func readNPMRC(o Options) (*npmrc, error) {
	dir, err := o.workDir()
	if err != nil {
		return nil, err
	}
	c := &npmrc{env: o.env, dir: dir}
	for _, path := range []string{filepath.Join(npmProject(dir), ".npmrc"), npmUserConfig(o)} {
		if !filepath.IsAbs(path) {
			continue
		}
		data, err := readLimited(path, maxNPMRC)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fault.Wrap(fault.Cause(err), path, "cannot be read")
		}
		c.files = append(c.files, parseNPMRC(data, c.env))
	}
	return c, nil
}

// npmProject is the folder of the project that dir belongs to: the closest with a package.json or node_modules, else dir
// itself.
func npmProject(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		for _, sign := range []string{"package.json", "node_modules"} {
			if _, err := os.Stat(filepath.Join(at, sign)); err == nil {
				return at
			}
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

func npmUserConfig(o Options) string {
	for _, name := range []string{"npm_config_userconfig", "NPM_CONFIG_USERCONFIG"} {
		if path := o.env(name); path != "" {
			return path
		}
	}
	home := o.env("HOME")
	if home == "" {
		home = o.env("USERPROFILE")
	}
	return filepath.Join(home, ".npmrc")
}

// parseNPMRC reads lines of "key = value"; ";" and "#" begin comments, "${NAME}" is a variable of the environment.
func parseNPMRC(data []byte, env func(string) string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(bytes.TrimPrefix(data, []byte("\ufeff")))) {
		line = strings.TrimSpace(line)
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, ";") || strings.HasPrefix(line, "#") {
			continue
		}
		value = strings.TrimSpace(value)
		if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		out[expandNPM(strings.TrimSpace(key), env)] = expandNPM(value, env)
	}
	return out
}

// npmReference is a variable in a configuration; with "?" one that may be unset.
var npmReference = regexp.MustCompile(`\$\{([^}?]+)\??\}`)

// expandNPM puts the values of variables in. Those that are not set stay as they are written, except where "?" allows it.
func expandNPM(text string, env func(string) string) string {
	return npmReference.ReplaceAllStringFunc(text, func(ref string) string {
		name := npmReference.FindStringSubmatch(ref)[1]
		if value := env(name); value != "" || strings.HasSuffix(ref, "?}") {
			return value
		}
		return ref
	})
}

// get looks a key up: the environment comes before the files.
func (c *npmrc) get(key string) string {
	for _, prefix := range []string{"npm_config_", "NPM_CONFIG_"} {
		name := prefix + key
		if prefix == "NPM_CONFIG_" {
			name = strings.ToUpper(name)
		}
		if value := c.env(name); value != "" {
			return value
		}
	}
	for _, f := range c.files {
		if value := f[key]; value != "" {
			return value
		}
	}
	return ""
}

// registry gives the registry for a package, with a slash at its end: that of its scope, or the general one. Where the
// files name none the npm client is asked, which knows its own default.
func (c *npmrc) registry(ctx context.Context, name string) (*url.URL, error) {
	address := ""
	scope, _, scoped := strings.Cut(name, "/")
	if scoped {
		address = c.get(scope + ":registry")
	}
	if address == "" {
		address = c.get("registry")
	}
	if address == "" {
		var err error
		if address, err = c.askClient(ctx); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fault.New("npm", "the registry it is configured for has an address that cannot be understood").
			WithHint("look at what npm config get registry says")
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// askClient asks the npm client for its registry.
func (c *npmrc) askClient(ctx context.Context) (string, error) {
	const hint = "set registry= in .npmrc, or npm_config_registry"
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fault.New("npm", "no registry is configured, and no npm client is here to ask for its own").WithHint(hint)
	}
	cmd := exec.CommandContext(ctx, npm, "config", "get", "registry")
	cmd.Dir = c.dir
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	address := strings.TrimSpace(string(out))
	if err != nil || address == "" || address == "undefined" {
		return "", fault.New("npm", "no registry is configured, and the npm client does not tell its own").WithHint(hint)
	}
	return address, nil
}

// authorization gives the login for an address: that of the longest "//host/path/" in the configuration that it lies
// under (npm-registry-fetch, auth.js).
func (c *npmrc) authorization(u *url.URL) string {
	path := u.Path
	for {
		at := strings.LastIndexByte(path, '/')
		if at < 0 {
			return ""
		}
		path = path[:at]
		if value := c.loginAt("//" + u.Host + path + "/"); value != "" {
			return value
		}
		if value := c.loginAt("//" + u.Host + path); value != "" {
			return value
		}
	}
}

func (c *npmrc) loginAt(place string) string {
	for _, f := range c.files {
		if token := f[place+":_authToken"]; token != "" {
			return "Bearer " + token
		}
		if basic := f[place+":_auth"]; basic != "" {
			return "Basic " + basic
		}
		user, encoded := f[place+":username"], f[place+":_password"]
		if password, err := base64.StdEncoding.DecodeString(encoded); err == nil && user != "" && encoded != "" {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+string(password)))
		}
	}
	return ""
}
