package measure

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
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
	return usesWeb(name, data)
}

// usesWeb looks for ASP.NET Core among the frameworks of an application.
func usesWeb(name string, data []byte) (bool, error) {
	type framework struct {
		Name string `json:"name"`
	}
	var config struct {
		RuntimeOptions struct {
			Framework  framework   `json:"framework"`
			Frameworks []framework `json:"frameworks"`
		} `json:"runtimeOptions"`
	}
	data = []byte(strings.TrimPrefix(string(data), "\ufeff"))
	if err := json.Unmarshal(data, &config); err != nil {
		return false, fault.Wrap(err, name, "cannot be understood")
	}
	for _, f := range append(config.RuntimeOptions.Frameworks, config.RuntimeOptions.Framework) {
		if f.Name == "Microsoft.AspNetCore.App" {
			return true, nil
		}
	}
	return false, nil
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
