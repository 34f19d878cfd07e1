package dockerfile

import (
	"net/url"
	"regexp"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// imageReference is the grammar of the distribution project's reference package, a little wider: enough that nothing
// but a reference fits, and that it can stand in a Dockerfile.
var imageReference = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?$`)

func isImageReference(s string) bool { return len(s) <= 512 && imageReference.MatchString(s) }

// plainURL leaves out what a shell or a Dockerfile gives a meaning to; all of it can be written as %XX.
var plainURL = regexp.MustCompile(`^[A-Za-z0-9._~:/%@+,=\[\]-]+$`)

func checkURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || !plainURL.MatchString(text) {
		return fault.Usage(shown(text), "is not the address of a folder").
			WithHint("an address is like https://host/path, without a query")
	}
	if u.User != nil {
		return fault.Usage("", "the address has a user name or password, which anyone could read in the image").
			WithHint("name an address that needs none")
	}
	return nil
}
