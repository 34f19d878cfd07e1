package source

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/fault"
)

// cacheNPM is the kind under which the cache keeps npm's archives, by registered name and version.
const cacheNPM = "npm"

const npmCredentialsHint = "give .npmrc a login for that registry (//HOST/:_authToken=…)"

// npmPackage is one version of a package of npm.
type npmPackage struct {
	name, version string
	o             Options
}

// openNPM opens npm:NAME@VERSION, the single-file .NET application in the package. Name and version are of the form that
// parseNPM lets through.
func openNPM(ctx context.Context, name, version string, o Options) (*Tree, error) {
	spec := "npm:" + name + "@" + version
	p := npmPackage{name, version, o}
	path, err := p.fetch(ctx)
	if err != nil {
		return nil, err
	}
	archive, err := openArchive(ctx, path, o)
	if err != nil {
		return nil, fault.Wrap(err, spec, "")
	}
	t, err := openOnlyBundle(ctx, archive, o)
	if err != nil {
		archive.Close()
		return nil, fault.Wrap(err, spec, "")
	}
	t.onClose(archive.Close)
	t.Spec, t.Inputs = spec, archive.Inputs
	t.Inputs[0].Name, t.Inputs[0].Version = name, version
	return t, nil
}

// fileName is the name of the archive in the cache.
func (p npmPackage) fileName() string {
	return strings.ReplaceAll(strings.TrimPrefix(p.name, "@"), "/", "-") + "-" + p.version + ".tgz"
}

func (p npmPackage) key() string { return p.name + "/" + p.version + "/" + p.fileName() }

func (p npmPackage) String() string { return p.name + "@" + p.version }

// fetch gives the path of the package's archive, from the cache or from the registry.
func (p npmPackage) fetch(ctx context.Context) (string, error) {
	pins, err := p.o.pins(p.name, p.version, p.fileName())
	if err != nil {
		return "", err
	}
	store, err := p.o.store()
	if err != nil {
		return "", err
	}
	if path, ok := store.Get(cacheNPM, p.key()); ok {
		if err := verifyAll(ctx, pins, path, p.String()); err == nil || p.o.Offline {
			return path, err
		}
		if err := store.Remove(ctx, cacheNPM, p.key()); err != nil {
			return "", err
		}
	}
	if p.o.Offline {
		return "", fault.New(p.String(), "is not in the cache, and --offline lets nothing else be asked").
			WithHint("leave out --offline once, so that it gets there")
	}
	return p.download(ctx, store, pins)
}

func (p npmPackage) download(ctx context.Context, store *cache.Store, pins []checksum) (string, error) {
	config, err := readNPMRC(p.o)
	if err != nil {
		return "", err
	}
	partial, err := store.Partial(cacheNPM, p.key())
	if err != nil {
		return "", err
	}
	path, _, err := store.Do(ctx, cacheNPM, p.key(), func(ctx context.Context, tmp string) error {
		registry, err := config.registry(ctx, p.name)
		if err != nil {
			return err
		}
		f := newFetcher(p.o, config.authorization)
		address, published, err := p.locate(ctx, f, registry)
		if err != nil {
			return err
		}
		get := download{fetcher: f, address: address, name: p.fileName(), partial: partial, known: append(published, pins...)}
		return explainStatus(get.fetch(ctx, tmp), npmCredentialsHint)
	})
	if err != nil {
		return "", fault.Wrap(err, p.String(), "cannot be fetched")
	}
	return path, nil
}

// locate asks the registry where the archive is and what it hashes to. Source: npm registry API, "Package Metadata".
func (p npmPackage) locate(ctx context.Context, f *fetcher, registry *url.URL) (string, []checksum, error) {
	address := registry.String() + strings.ReplaceAll(p.name, "/", "%2f")
	accept := http.Header{"Accept": {"application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"}}
	data, err := f.get(ctx, address, maxDocument, accept)
	if notFound(err) {
		return "", nil, fault.New(shown(registry), "the registry has no package %s", p.name)
	}
	if err != nil {
		return "", nil, explainStatus(err, npmCredentialsHint)
	}
	dist, versions, err := parsePackument(data, p.version)
	if err != nil {
		return "", nil, fault.Wrap(err, shown(registry), "the answer about %s is not what a registry of npm gives", p.name)
	}
	if dist == nil {
		return "", nil, fault.New(shown(registry), "the registry has no version %s of %s", p.version, p.name).
			WithHint("the nearest there are: %s", strings.Join(nearest(p.version, versions, 5), ", "))
	}
	published, err := dist.checksums()
	if err != nil {
		return "", nil, err
	}
	u, err := registry.Parse(dist.Tarball)
	if err != nil {
		return "", nil, fault.New(shown(registry), "the address of the archive cannot be understood: %s", withoutAddress(err))
	}
	return u.String(), published, nil
}

// npmDist is what a registry says about the archive of one version.
type npmDist struct {
	Tarball   string `json:"tarball"`
	Integrity string `json:"integrity"` // subresource integrity: algorithm-base64, several with spaces between
}

// parsePackument reads the registry's document about a package: one version of it, nil if that is not there, and the
// names of all.
func parsePackument(data []byte, version string) (*npmDist, []string, error) {
	var doc struct {
		Versions map[string]struct {
			Dist npmDist `json:"dist"`
		} `json:"versions"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, nil, err
	}
	if doc.Versions == nil {
		return nil, nil, errors.New("it lists no versions")
	}
	if v, ok := doc.Versions[version]; ok {
		if v.Dist.Tarball == "" {
			return nil, nil, errors.New("it names no archive")
		}
		return &v.Dist, nil, nil
	}
	var versions []string
	for v := range doc.Versions {
		versions = append(versions, v)
	}
	return nil, versions, nil
}

// checksums gives the hashes that can be checked; the SHA-1 of old packages is none of them.
func (d npmDist) checksums() ([]checksum, error) {
	var out []checksum
	for part := range strings.FieldsSeq(d.Integrity) {
		digest, _, _ := strings.Cut(part, "?")
		if !strings.HasPrefix(digest, "sha512-") && !strings.HasPrefix(digest, "sha256-") {
			continue
		}
		c, err := parseChecksum(digest, "its registry")
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, fault.New("npm", "the registry publishes no SHA-512 of the archive")
	}
	return out, nil
}
