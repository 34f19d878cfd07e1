package source

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// maxDocument is the largest JSON document that is read from a registry, in bytes. npm's are the largest.
const maxDocument = 64 << 20

// feed is a NuGet source that speaks the v3 protocol. What its service index names is used in two ways: packages come
// from the flat container, hashes from the registration (NuGet Server API, "Package Content" and "Package Metadata").
type feed struct {
	*fetcher
	name         string
	content      string // PackageBaseAddress/3.0.0, with a slash at its end
	registration string // RegistrationsBaseUrl, likewise; "" when the source has none
}

const credentialsHint = "give the source a login in NuGet.Config (packageSourceCredentials), " +
	"or in the variable NuGetPackageSourceCredentials_<name>"

// openFeed reads the service index of a source.
func openFeed(ctx context.Context, s nugetSource, o Options) (*feed, error) {
	base, err := url.Parse(s.location)
	if err != nil {
		return nil, fault.New(s.name, "the address of the NuGet source cannot be understood: %s", withoutAddress(err))
	}
	if s.login != nil && s.login.encrypted {
		return nil, fault.New(s.name, "the password of the NuGet source is encrypted for another program").
			WithHint("write it as ClearTextPassword; it may be a variable, such as %%MY_PASSWORD%%")
	}
	d := &feed{fetcher: newFetcher(o, s.authorizer(base)), name: s.name}
	data, err := d.document(ctx, s.location)
	if err != nil {
		return nil, err
	}
	if d.content, d.registration, err = parseServiceIndex(data, base); err != nil {
		return nil, fault.Wrap(err, shown(base), "is no NuGet v3 source")
	}
	return d, nil
}

// authorizer gives the login of a source to its own server and to no other.
func (s nugetSource) authorizer(base *url.URL) func(*url.URL) string {
	return func(u *url.URL) string {
		if s.login == nil || u.Host != base.Host || u.Scheme != base.Scheme {
			return ""
		}
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(s.login.user+":"+s.login.password))
	}
}

func (d *feed) document(ctx context.Context, address string) ([]byte, error) {
	data, err := d.get(ctx, address, maxDocument, nil)
	return data, explainStatus(err, credentialsHint)
}

// textOrTexts is a JSON-LD value: one text, or a list of them.
type textOrTexts []string

// UnmarshalJSON reads either form.
func (t *textOrTexts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = textOrTexts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// registrationTypes lists the resources that have the hashes, the one that knows most packages first.
var registrationTypes = []string{"RegistrationsBaseUrl/3.6.0", "RegistrationsBaseUrl/Versioned",
	"RegistrationsBaseUrl/3.4.0", "RegistrationsBaseUrl/3.0.0-rc", "RegistrationsBaseUrl/3.0.0-beta", "RegistrationsBaseUrl"}

// parseServiceIndex finds the two resources in a service index that lies at base.
func parseServiceIndex(data []byte, base *url.URL) (content, registration string, err error) {
	var index struct {
		Version   string `json:"version"`
		Resources []struct {
			ID   string      `json:"@id"`
			Type textOrTexts `json:"@type"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return "", "", fault.New("", "its answer is not a service index").
			WithHint("the address of a v3 source ends in /index.json")
	}
	if !strings.HasPrefix(index.Version, "3.") {
		return "", "", fault.New("", "its service index has version %q", index.Version)
	}
	best := len(registrationTypes)
	for _, r := range index.Resources {
		for _, t := range r.Type {
			if t == "PackageBaseAddress/3.0.0" && content == "" {
				content = r.ID
			}
			if rank := slices.Index(registrationTypes, t); rank >= 0 && rank < best {
				best, registration = rank, r.ID
			}
		}
	}
	if content == "" {
		return "", "", fault.New("", "its service index names no PackageBaseAddress/3.0.0, where packages could be downloaded")
	}
	if content, err = folderAddress(base, content); err != nil || registration == "" {
		return content, "", err
	}
	registration, err = folderAddress(base, registration)
	return content, registration, err
}

// folderAddress makes an address absolute and end in a slash.
func folderAddress(base *url.URL, address string) (string, error) {
	u, err := base.Parse(address)
	if err != nil {
		return "", fault.New("", "an address in it cannot be understood: %s", withoutAddress(err))
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u.String(), nil
}

// versions lists what the source has of a package, in their normal spelling; none when it does not know the id.
func (d *feed) versions(ctx context.Context, id string) ([]string, error) {
	address := d.content + strings.ToLower(id) + "/index.json"
	data, err := d.document(ctx, address)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	versions, err := parseVersionIndex(data)
	return versions, fault.Wrap(err, address, "is not a list of versions")
}

func parseVersionIndex(data []byte) ([]string, error) {
	var index struct {
		Versions []string `json:"versions"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, err
	}
	var out []string
	for _, v := range index.Versions {
		if nugetVersion.MatchString(v) {
			out = append(out, normalVersion(v))
		}
	}
	return out, nil
}

// packageAddress is where the flat container has a package.
func (d *feed) packageAddress(id, version string) string {
	id = strings.ToLower(id)
	return d.content + id + "/" + version + "/" + id + "." + version + ".nupkg"
}

// published gives the hash that the source publishes for a package; none when it publishes no hashes, as many private
// sources do.
func (d *feed) published(ctx context.Context, id, version string) ([]checksum, error) {
	if d.registration == "" {
		return nil, nil
	}
	address := d.registration + strings.ToLower(id) + "/" + version + ".json"
	for range 2 { // the registration leaf, and the catalog leaf that it may refer to
		data, err := d.document(ctx, address)
		if notFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		hash, next, err := parseLeaf(data)
		if err != nil {
			return nil, fault.Wrap(err, address, "is not a package's registration")
		}
		if hash != "" {
			c, err := parseChecksum(hash, "its registry")
			return []checksum{c}, err
		}
		base, err := url.Parse(address)
		if err != nil || next == "" {
			return nil, err
		}
		u, err := base.Parse(next)
		if err != nil {
			return nil, fault.New(address, "an address in it cannot be understood: %s", withoutAddress(err))
		}
		address = u.String()
	}
	return nil, nil
}

// parseLeaf reads a leaf of the registration or of the catalog: the hash if it is there, else the address of the catalog
// leaf that has it.
func parseLeaf(data []byte) (hash, next string, err error) {
	type entry struct {
		Hash      string `json:"packageHash"`
		Algorithm string `json:"packageHashAlgorithm"`
	}
	var leaf struct {
		entry
		CatalogEntry json.RawMessage `json:"catalogEntry"`
	}
	if err := json.Unmarshal(data, &leaf); err != nil {
		return "", "", err
	}
	found := leaf.entry
	if found.Hash == "" && len(leaf.CatalogEntry) > 0 && json.Unmarshal(leaf.CatalogEntry, &next) != nil {
		if err := json.Unmarshal(leaf.CatalogEntry, &found); err != nil {
			return "", "", err
		}
	}
	if a := found.Algorithm; a != "" && !strings.EqualFold(a, "SHA512") && !strings.EqualFold(a, "SHA256") {
		return "", "", fault.New("", "it has a hash of an unknown kind, %s", a)
	}
	return found.Hash, next, nil
}
