package measure

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
)

// checkApp refuses what the muxer cannot run, and says whether the application is one on ASP.NET Core.
func checkApp(app string) (web bool, err error) {
	info, err := os.Stat(app)
	if err != nil {
		return false, fault.Wrap(fault.Cause(err), app, "no such application")
	}
	if info.IsDir() {
		return false, fault.New(app, "is a folder").WithHint("name the application's DLL in it")
	}
	name := strings.TrimSuffix(app, filepath.Ext(app)) + ".runtimeconfig.json"
	data, err := os.ReadFile(name)
	if err != nil {
		return false, &fault.Error{Where: app, What: "is no application: its runtimeconfig.json cannot be read", Err: fault.Cause(err),
			Hint: "name the DLL of a framework-dependent application, as dotnet publish made it"}
	}
	config, err := layout.ParseRuntimeConfig(name, data)
	if err != nil {
		return false, err
	}
	return config.Needs(layout.ASPNETCore), nil
}

// checkRoot refuses what is no dotnet root and gives its absolute path.
func checkRoot(root string) (string, error) {
	info, err := os.Stat(root)
	if err != nil {
		return "", fault.Wrap(fault.Cause(err), root, "no such dotnet root")
	}
	if !info.IsDir() {
		return "", fault.New(root, "is not a folder").WithHint("unpack an archive first, and name the folder")
	}
	muxer, err := os.Stat(muxer(root))
	if err != nil || !muxer.Mode().IsRegular() || muxer.Mode()&0o111 == 0 {
		return "", fault.New(root, "has no dotnet that can be run, so no application can be started on it").
			WithHint("name a dotnet root; compose puts the muxer of --host into one")
	}
	return filepath.Abs(root)
}

func muxer(root string) string { return filepath.Join(root, "dotnet") }
