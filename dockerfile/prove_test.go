package dockerfile

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/enginetest"
	"github.com/r2rpack/r2rpack/internal/testdata"
)

// Generated Dockerfiles are built word for word by a real engine, and the images run real programs.
// R2RPACK_TEST_DIST names a packed folder, of one version for glibc, to take in place of stock roots.
func TestProveDockerfile(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("SKIPPED, NOT TESTED: the roots are for x64")
	}
	e := enginetest.Start(t)
	if dist := os.Getenv("R2RPACK_TEST_DIST"); dist != "" {
		proveDist(t, e, dist)
		return
	}
	t.Run("10.0.12", func(t *testing.T) { proveDist(t, e, packStockRoot(t, "10.0.12")) })
	t.Run("8.0.31", func(t *testing.T) { proveImage(t, e, packStockRoot(t, "8.0.31")) })
}

// proveDist proves all that is generated for a packed folder with an archive for linux-x64.
func proveDist(t *testing.T, e *enginetest.Engine, dist string) {
	p := proveImage(t, e, dist)
	p.refusals()
	p.ownBase()
	p.download()
}

// proveImage proves the image that is made when nothing is asked for. The folder itself is left as it is.
func proveImage(t *testing.T, e *enginetest.Engine, dist string) proof {
	folder := filepath.Join(t.TempDir(), "dist")
	if err := os.CopyFS(folder, os.DirFS(dist)); err != nil {
		t.Fatal(err)
	}
	archive := linuxX64(t, folder)
	p := proof{t: t, e: e, folder: folder, archive: archive, framework: "net" + majorMinor(archive.Version)}
	p.generate(Options{})
	p.image = e.Build(folder)
	p.configuration()
	p.console()
	p.web()
	p.cultures()
	return p
}

type proof struct {
	t         *testing.T
	e         *enginetest.Engine
	folder    string
	archive   archive
	image     string
	framework string // net10.0
}

func linuxX64(t *testing.T, folder string) archive {
	t.Helper()
	archives, err := findArchives(os.DirFS(folder), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range archives {
		if a.RID == "linux-x64" {
			return a
		}
	}
	t.Fatalf("%s holds no archive for linux-x64", folder)
	return archive{}
}

func majorMinor(version string) string {
	n, _ := versionNumbers(version)
	return fmt.Sprintf("%d.%d", n[0], n[1])
}

// generate writes the files next to the archives, as a user has them.
func (p proof) generate(o Options) {
	p.t.Helper()
	files, err := Generate(os.DirFS(p.folder), o)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(p.folder, f.Name), f.Data, 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}

// configuration looks at what the engine recorded: the user, the variables, the layers in official order.
func (p proof) configuration() {
	p.t.Helper()
	got := p.e.Docker("image", "inspect", "--format",
		`{{.Config.User}}{{range .Config.Env}} {{.}}{{end}} {{len .RootFS.Layers}} layers`, p.image)
	for _, want := range []string{"1654 ", " APP_UID=1654 ", " ASPNETCORE_HTTP_PORTS=8080 ", " DOTNET_RUNNING_IN_CONTAINER=true ",
		" DOTNET_VERSION=" + p.archive.Version + " ", " ASPNET_VERSION=" + p.archive.Version + " ", " 5 layers"} {
		if !strings.Contains(got, want) {
			p.t.Errorf("image has %q, without %q", got, want)
		}
	}
	if got := p.e.Run(nil, p.image, "sh", "-c", "id; readlink /usr/bin/dotnet; stat -c '%U %a %n' /usr/share/dotnet /usr/share/dotnet/dotnet; cd && pwd"); got !=
		"uid=1654(app) gid=1654(app) groups=1654(app)\n/usr/share/dotnet/dotnet\nroot 755 /usr/share/dotnet\nroot 755 /usr/share/dotnet/dotnet\n/home/app\n" {
		p.t.Errorf("in the container: %s", got)
	}
}

// app gives the flags that show a kit application to a container.
func (p proof) app(name string) []string {
	return []string{"--volume", testdata.Path(p.t, "apps", p.framework, name) + ":/app:ro"}
}

func (p proof) golden(name string) string {
	p.t.Helper()
	data, err := os.ReadFile(testdata.Path(p.t, "apps", "golden", name+"-"+p.framework+".txt"))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

func (p proof) console() {
	p.t.Helper()
	if diff := cmp.Diff(p.golden("torture"), p.e.Run(p.app("torture"), p.image, "dotnet", "/app/torture.dll")); diff != "" {
		p.t.Errorf("torture (-want +got):\n%s", diff)
	}
}

func (p proof) web() {
	p.t.Helper()
	if diff := cmp.Diff(p.golden("webapi"), p.webSelf(p.image)); diff != "" {
		p.t.Errorf("webapi (-want +got):\n%s", diff)
	}
	shared := p.t.TempDir()
	if err := os.Chmod(shared, 0o777); err != nil {
		p.t.Fatal(err)
	}
	flags := append(p.app("webapi"), "--volume", shared+":/shared")
	container := p.e.RunInBackground(flags, p.image, "dotnet", "/app/webapi.dll", "--serve", "/shared/port")
	address := "http://127.0.0.1:" + p.await(filepath.Join(shared, "port"), container)
	if got := p.get(address + "/hello/kestrel"); got != "good day, kestrel (limit 5, also ada+grace) 1" {
		p.t.Errorf("GET /hello/kestrel: %q", got)
	}
	p.e.Docker("stop", container)
	if got := p.e.Docker("wait", container); got != "0\n" {
		p.t.Errorf("webapi ended with %s, wanted 0", got)
	}
}

// webSelf has webapi ask itself. It names its own address, so the port that the image sets would earn a warning.
func (p proof) webSelf(image string) string {
	p.t.Helper()
	return p.e.Run(append(p.app("webapi"), "--env", "ASPNETCORE_HTTP_PORTS="), image, "dotnet", "/app/webapi.dll", "--self")
}

// await gives the content of a file that appears whole.
func (p proof) await(file, container string) string {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if data, err := os.ReadFile(file); err == nil {
			return strings.TrimSpace(string(data))
		}
	}
	p.t.Fatalf("webapi does not serve: %s", p.e.Docker("logs", container))
	return ""
}

func (p proof) get(url string) string {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

// cultures runs a section of torture with globalization on, which the kit's applications have off: without ICU it dies,
// and its text is another than the golden one, which is that of the invariant culture.
func (p proof) cultures() {
	p.t.Helper()
	app := filepath.Join(p.t.TempDir(), "torture")
	if err := os.CopyFS(app, os.DirFS(testdata.Path(p.t, "apps", p.framework, "torture"))); err != nil {
		p.t.Fatal(err)
	}
	file := filepath.Join(app, "torture.runtimeconfig.json")
	config, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	on := regexp.MustCompile(`("System.Globalization.Invariant": )true`).ReplaceAll(config, []byte("${1}false"))
	if string(on) == string(config) {
		p.t.Fatalf("torture has globalization on already: %s", config)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, on, 0o644); err != nil {
		p.t.Fatal(err)
	}
	got := p.e.Run([]string{"--volume", app + ":/app:ro"}, p.image, "dotnet", "/app/torture.dll", "--only", "strings")
	if !strings.HasPrefix(got, "strings ") || strings.Contains(p.golden("torture"), got) {
		p.t.Errorf("with globalization on, torture says %q", got)
	}
}

// refusals: an archive that is not what was packed, and an architecture without an archive, do not build.
func (p proof) refusals() {
	p.t.Helper()
	if out := p.e.BuildFails(p.folder, "--build-arg", "TARGETARCH=s390x"); !strings.Contains(out, "there is no archive for s390x") {
		p.t.Errorf("the build for another architecture says %s", out)
	}
	name := filepath.Join(p.folder, p.archive.Name)
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := f.WriteString("x"); err != nil {
		p.t.Fatal(err)
	}
	f.Close()
	if out := p.e.BuildFails(p.folder); !strings.Contains(out, p.archive.Name+": FAILED") {
		p.t.Errorf("the build of a changed archive says %s", out)
	}
	if err := os.Truncate(name, info.Size()); err != nil {
		p.t.Fatal(err)
	}
}

// ownBase builds on an image that brings the native dependencies.
func (p proof) ownBase() {
	p.t.Helper()
	const base = "proof/native:1" // no name that tells a distribution
	p.e.Docker("tag", p.image, base)
	p.generate(Options{Base: base})
	if got := p.e.Run(nil, p.e.Build(p.folder)); !strings.Contains(got, "Microsoft.NETCore.App "+p.archive.Version+" [/usr/share/dotnet/shared/Microsoft.NETCore.App]") {
		p.t.Errorf("dotnet --info says %s", got)
	}
}

// download builds from archives behind an address.
func (p proof) download() {
	p.t.Helper()
	server := httptest.NewServer(http.StripPrefix("/net", http.FileServer(http.Dir(p.folder))))
	defer server.Close()
	p.generate(Options{URL: server.URL + "/net"})
	image := p.e.Build(p.folder)
	if got := p.webSelf(image); got != p.golden("webapi") {
		p.t.Errorf("webapi of the downloaded root says %s", got)
	}
}
