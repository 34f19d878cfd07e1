package main

import "context"

func (t *trainer) leaveOneOut(ctx context.Context) error { return nil }
