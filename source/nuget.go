package source

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/fault"
)

// cacheNuGet is the kind under which the cache keeps packages, by id and version as the client does.
const cacheNuGet = "nuget"

// openNuGetPackage opens nuget:ID@VERSION. Both are of the form that parseNuGetPackage lets through.
func openNuGetPackage(ctx context.Context, id, version string, o Options) (*Tree, error) {
	t, err := openPack(ctx, id, version, o)
	if err != nil {
		return nil, err
	}
	t.Spec = "nuget:" + id + "@" + version
	return t, nil
}

// openPack finds one package and opens it; it must be what it was asked for.
func openPack(ctx context.Context, id, version string, o Options) (*Tree, error) {
	path, err := nugetSearch{id: id, version: normalVersion(version), o: o}.fetch(ctx)
	if err != nil {
		return nil, err
	}
	t, err := openPackage(ctx, path, o)
	if err != nil {
		return nil, err
	}
	in := t.Inputs[0]
	if !strings.EqualFold(in.Name, id) || normalVersion(in.Version) != normalVersion(version) {
		t.Close()
		return nil, fault.New(path, "is %s %s, not %s %s as its name says", in.Name, in.Version, id, version)
	}
	return t, nil
}

// nugetSearch is the search for one package.
type nugetSearch struct {
	id, version string // the version in its normal spelling
	o           Options
}

// fileName is the name of the package's file in registries and in the cache.
func (s nugetSearch) fileName() string { return strings.ToLower(s.id) + "." + s.version + ".nupkg" }

func (s nugetSearch) String() string { return s.id + " " + s.version }

// fetch gives the path of the package on this machine: in the folder of packages, in the cache, or brought into the
// cache from the first source that has it.
func (s nugetSearch) fetch(ctx context.Context) (string, error) {
	pins, err := s.o.pins(s.id, s.version, s.fileName())
	if err != nil {
		return "", err
	}
	var known []string
	if s.o.Packs != "" {
		path, versions, err := packFolder(s.o.Packs).find(s.id, s.version)
		if err != nil {
			return "", err
		}
		if path != "" {
			return path, verifyFolderFile(ctx, path, pins)
		}
		known = versions
	}
	store, err := s.o.store()
	if err != nil {
		return "", err
	}
	if path, ok := store.Get(cacheNuGet, s.key()); ok {
		if err := verifyAll(ctx, pins, path, s.String()); err == nil || s.o.Offline {
			return path, err
		}
	}
	if s.o.Offline {
		return "", s.missing(known)
	}
	return s.fromSources(ctx, store, pins, known)
}

func (s nugetSearch) key() string {
	return strings.ToLower(s.id) + "/" + s.version + "/" + s.fileName()
}

// fromSources asks the sources in their order. One that fails does not keep the next from being asked, but a package
// that nobody else has is not called missing then.
func (s nugetSearch) fromSources(ctx context.Context, store *cache.Store, pins []checksum, known []string) (string, error) {
	sources, err := nugetSources(s.id, s.o)
	if err != nil {
		return "", err
	}
	var failed error
	for _, source := range sources {
		path, versions, err := s.fromSource(ctx, source, store, pins)
		if err == nil && path != "" || errors.As(err, new(mismatchError)) {
			return path, err
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err != nil && failed == nil {
			failed = err
		}
		known = append(known, versions...)
	}
	if failed != nil {
		return "", fault.Wrap(failed, s.String(), "cannot be fetched")
	}
	return "", s.missing(known)
}

// fromSource gives the path of the package if the source has it, and the versions that it has.
func (s nugetSearch) fromSource(ctx context.Context, source nugetSource, store *cache.Store,
	pins []checksum) (path string, versions []string, err error) {
	if source.isFolder() {
		path, versions, err = packFolder(source.location).find(s.id, s.version)
		if err == nil && path != "" {
			err = verifyFolderFile(ctx, path, pins)
		}
		return path, versions, err
	}
	d, err := openFeed(ctx, source, s.o)
	if err != nil {
		return "", nil, err
	}
	versions, err = d.versions(ctx, s.id)
	if err != nil || !slices.Contains(versions, s.version) {
		return "", versions, err
	}
	path, err = s.download(ctx, d, store, pins)
	return path, versions, err
}

// download brings the package into the cache. One that lies there already, but is not what a pin says, goes.
func (s nugetSearch) download(ctx context.Context, d *feed, store *cache.Store, pins []checksum) (string, error) {
	partial, err := store.Partial(cacheNuGet, s.key())
	if err != nil {
		return "", err
	}
	fill := func(ctx context.Context, tmp string) error {
		published, err := d.published(ctx, s.id, s.version)
		if err != nil {
			return err
		}
		get := download{fetcher: d.fetcher, address: d.packageAddress(s.id, s.version), name: s.fileName(),
			partial: partial, known: append(published, pins...)}
		return explainStatus(get.fetch(ctx, tmp), credentialsHint)
	}
	path, hit, err := store.Do(ctx, cacheNuGet, s.key(), fill)
	if err != nil || !hit {
		return path, err
	}
	if verifyAll(ctx, pins, path, s.String()) == nil {
		return path, nil
	}
	if err := store.Remove(ctx, cacheNuGet, s.key()); err != nil {
		return "", err
	}
	path, _, err = store.Do(ctx, cacheNuGet, s.key(), fill)
	return path, err
}

// missingError says that a package is nowhere.
type missingError struct {
	fault   *fault.Error
	idKnown bool // other versions of it are somewhere
}

func (e *missingError) Error() string { return e.fault.Error() }
func (e *missingError) Unwrap() error { return e.fault }

// IsMissing says whether an error is about a package, or a version of it, that no source and no folder has.
func IsMissing(err error) bool {
	var missing *missingError
	return errors.As(err, &missing)
}

// missing is the error for a package that is nowhere, with the versions there are.
func (s nugetSearch) missing(known []string) error {
	if len(known) > 0 {
		e := fault.New(s.id, "there is no version %s of it in %s", s.version, s.places())
		return &missingError{e.WithHint("the nearest there are: %s", strings.Join(nearest(s.version, known, 5), ", ")), true}
	}
	e := fault.New(s.id, "there is no such package in %s", s.places())
	switch {
	case s.o.Offline && s.o.Packs == "":
		e = e.WithHint("name a folder of packages with --packs, or leave out --offline")
	case s.o.Offline:
		e = e.WithHint("put %s into %s, or leave out --offline", s.fileName(), s.o.Packs)
	}
	return &missingError{e, false}
}

// places says where was looked.
func (s nugetSearch) places() string {
	var places []string
	if s.o.Packs != "" {
		places = append(places, s.o.Packs)
	}
	if s.o.Offline {
		return strings.Join(append(places, "the cache"), " or ") + " (and --offline lets nothing else be asked)"
	}
	return strings.Join(append(places, "any NuGet source"), " or ")
}
