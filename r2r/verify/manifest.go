package verify

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"slices"
)

// manifest compares names, versions and module version ids with the originals'.
func (c *composite) manifest(members []member, f *findings, counts *Counts) {
	for i, m := range members {
		row, own := c.rows[i], m.meta.assembly()
		where := fmt.Sprintf("row %d", i+1)
		if row.name != own.name || row.version != own.version || row.culture != own.culture {
			f.add("manifest", where, "is %s instead of %s", row, own)
		}
		if row.malformed || row.flags != 0 || !bytes.Equal(row.key, keyToken(own.key)) {
			f.add("manifest", where, "%s has flags %#x and key token % x instead of % x", row.name, row.flags, row.key, keyToken(own.key))
		}
	}
	c.mvids(members, f, counts)
	if c.options.Name != "" && c.exportName() != c.options.Name {
		f.add("exports", "", "the image calls itself %q instead of %q", c.exportName(), c.options.Name)
	}
}

// keyToken gives the token of a public key: the last eight bytes of its SHA-1, in reverse (ECMA-335 II.6.3).
func keyToken(key []byte) []byte {
	if len(key) == 0 {
		return nil
	}
	sum := sha1.Sum(key)
	token := sum[len(sum)-8:]
	slices.Reverse(token)
	return token
}

// mvids compares section 118 row by row. Without it the runtime does not compare; what the manifest's heap records behind
// the module's own id takes its place.
func (c *composite) mvids(members []member, f *findings, counts *Counts) {
	const size = 16
	data := c.section(&c.header, sectionMVIDs)
	if data == nil && len(c.meta.guids) > size {
		data = c.meta.guids[size:]
	}
	if data == nil {
		return
	}
	if len(data) != size*len(members) {
		f.add("module version ids", "", "%d bytes for %d assemblies", len(data), len(members))
		return
	}
	for i, m := range members {
		id := m.meta.mvid()
		counts.MVIDs++
		if !bytes.Equal(data[i*size:(i+1)*size], id[:]) {
			f.add("module version ids", c.rows[i].name, "% x instead of % x", data[i*size:(i+1)*size], id)
		}
	}
}
