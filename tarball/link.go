package tarball

import (
	"path"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// checkLink refuses a symbolic link that leads out of its tree, through other links too: a target may climb only with
// ".." at its beginning, where the folders it climbs are those of its own path and no links.
func checkLink(name, target string) error {
	if target == "" || checkName(target) != nil || strings.Contains(target, `\`) {
		return fault.New(name, "is a link with a target that no path in a tree may have")
	}
	if path.IsAbs(target) {
		return fault.New(name, "is a link to the absolute path %s", target)
	}
	below := strings.Count(name, "/")
	climbing := true
	for _, part := range strings.Split(target, "/") {
		switch {
		case part == "..":
			if below--; below < 0 || !climbing {
				return fault.New(name, "is a link that leads out of the tree, to %s", target)
			}
		case part != "." && part != "":
			climbing = false
		}
	}
	return nil
}
