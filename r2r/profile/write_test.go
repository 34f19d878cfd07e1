package profile

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"
)

func TestWriteX(t *testing.T) {
	s := appScope(t, "10.0.12", "webapi")
	tr, err := s.Trace(context.Background(), usage(t, "profile-webapi-10.0.12-alljit.nettrace.gz"), false)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	data, missing, err := s.Write(context.Background(), tr.Set)
	t.Log(time.Since(start))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse("x", data)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(data), missing, p.Count(), tr.Set.Len(), len(p.Groups))
	again, _, err := s.Write(context.Background(), tr.Set)
	if err != nil || !bytes.Equal(again, data) {
		t.Error("differs", err)
	}
	os.WriteFile("/tmp/F/webapi.mibc", data, 0o644)
	f, _ := os.Create("/tmp/F/webapi.txt")
	tr.Set.WriteText(f)
	f.Close()
}
