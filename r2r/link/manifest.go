package link

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// nameImage makes the identity of the image from the builds of its members. Where the runtime is not to compare those, a
// part of it comes into the image's name: to the runtime images of one name are one, so that a component of another
// build would use this one.
func (l *linker) nameImage() error {
	id := sha256.New()
	for _, m := range l.members {
		mvid := m.image.Components[0].MVID
		id.Write(mvid[:])
	}
	l.mvid = [16]byte(id.Sum(nil))
	if l.options.NoMVIDLock {
		l.options.Name = extended(l.options.Name, hex.EncodeToString(l.mvid[:4]))
	}
	return nil
}

// writeManifest writes the metadata by which module indexes are resolved (section 112) and the MVIDs of its rows (118):
// a row for each member, in order. Where the runtime is not to compare them, the metadata records them for others.
func (l *linker) writeManifest() error {
	var references []ecma335.Reference
	for _, m := range l.members {
		r, err := m.reference()
		if err != nil {
			return fault.Wrap(err, m.input.Name, "cannot be linked")
		}
		mvid := m.image.Components[0].MVID
		if l.options.NoMVIDLock {
			r.MVID = mvid
		} else {
			l.tables.mvids = append(l.tables.mvids, mvid[:]...)
		}
		references = append(references, r)
	}
	l.tables.manifest = ecma335.WriteManifest(strings.TrimSuffix(l.options.Name, ".dll"), l.mvid, references)
	return nil
}

// reference names the member as others refer to it: by the token of its public key.
func (m *member) reference() (ecma335.Reference, error) {
	md := m.image.Metadata
	row, err := md.Assembly()
	if err != nil {
		return ecma335.Reference{}, err
	}
	r := ecma335.Reference{Name: m.name(), Version: row.Version}
	if r.Culture, err = md.String(row.Culture); err != nil {
		return r, err
	}
	key, err := md.Blob(row.PublicKey)
	if err == nil && len(key) > 0 {
		r.PublicKeyToken = publicKeyToken(key)
	}
	return r, err
}

// publicKeyToken gives the last eight bytes of the key's SHA-1, last byte first (ECMA-335 II.6.3).
func publicKeyToken(key []byte) []byte {
	hash := sha1.Sum(key)
	token := hash[len(hash)-8:]
	slices.Reverse(token)
	return token
}
