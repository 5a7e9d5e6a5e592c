// Lists every archive of a folder with Go's archive/zip.
//
//	read_all ZIPS OUT
//
// Archive ZIPS/NAME.zip is listed in OUT/NAME.json; a failure is told in OUT/NAME.error.
package main

import (
	"archive/zip"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

type record struct {
	Path   string `json:"path"`
	Kind   string `json:"kind"`
	Mode   uint32 `json:"mode"`
	Sha384 string `json:"sha384"`
}

func list(archive string) ([]record, error) {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	found := []record{}
	for _, file := range reader.File {
		stream, err := file.Open()
		if err != nil {
			return nil, err
		}
		bytes, err := io.ReadAll(stream)
		stream.Close()
		if err != nil {
			return nil, err
		}
		kind := "special"
		switch mode := file.Mode(); {
		case mode.IsDir():
			kind = "folder"
		case mode.IsRegular():
			kind = "file"
		case mode.Type() == fs.ModeSymlink:
			kind = "link"
		}
		digest := sha512.Sum384(bytes)
		found = append(found, record{file.Name, kind, uint32(file.Mode().Perm()), hex.EncodeToString(digest[:])})
	}
	return found, nil
}

func main() {
	archives, _ := filepath.Glob(filepath.Join(os.Args[1], "*.zip"))
	for _, archive := range archives {
		place := filepath.Join(os.Args[2], strings.TrimSuffix(filepath.Base(archive), ".zip"))
		found, err := list(archive)
		var text []byte
		if err == nil {
			text, err = json.Marshal(found)
		}
		if err != nil {
			err = os.WriteFile(place+".error", []byte(err.Error()), 0o644)
		} else {
			err = os.WriteFile(place+".json", text, 0o644)
		}
		if err != nil {
			panic(err)
		}
	}
}
