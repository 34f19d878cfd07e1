package verify

// HasCode says whether an assembly has native code of its own.
func HasCode(data []byte) bool {
	_, ok, err := readStock(data)
	return ok && err == nil
}
