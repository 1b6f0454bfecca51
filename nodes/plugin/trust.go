package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Lock is the file plugins.lock: the plugins that a person has trusted, made to be kept beside the workflows in a
// repository.
type Lock struct {
	Plugins []Pin `json:"plugins"`
}

// Pin binds a plugin's file name to its content.
type Pin struct {
	// Name is the file's name, Version what the plugin says of itself.
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// SHA256 is the file's checksum in hex, Descriptors the hash of its descriptors.
	SHA256      string `json:"sha256"`
	Descriptors string `json:"descriptors,omitempty"`
}

// ReadLock reads a lock file; a missing one is empty.
func ReadLock(path string) (Lock, error) {
	var l Lock
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// Write writes the lock file, at once or not at all: its pins in order of name and a line each, so that a repository shows
// which plugin has changed.
func (l Lock) Write(path string) error {
	slices.SortFunc(l.Plugins, func(a, b Pin) int { return strings.Compare(a.Name, b.Name) })
	lines := make([]string, len(l.Plugins))
	for i, pin := range l.Plugins {
		text, err := json.Marshal(pin)
		if err != nil {
			return err
		}
		lines[i] = "\n    " + string(text)
	}
	text := "{\n  \"plugins\": [" + strings.Join(lines, ",") + "\n  ]\n}\n"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft := path + ".new"
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

// With returns the lock with this pin added, or replaced if the name is there.
func (l Lock) With(pin Pin) Lock {
	list := slices.DeleteFunc(slices.Clone(l.Plugins), func(p Pin) bool { return p.Name == pin.Name })
	return Lock{append(list, pin)}
}

// Find returns the pin of a file name.
func (l Lock) Find(name string) (Pin, bool) {
	i := slices.IndexFunc(l.Plugins, func(p Pin) bool { return p.Name == name })
	if i < 0 {
		return Pin{}, false
	}
	return l.Plugins[i], true
}

// Trusted is a plugin's file that may be executed.
type Trusted struct {
	Path string
	// sha256 is the content's checksum in hex where the file is pinned.
	sha256 string
	// Why says what the trust rests on, for people.
	Why string
}

// UntrustedError says why a plugin's file is not executed, and what to do.
type UntrustedError struct{ Path, Reason, Mend string }

func (e *UntrustedError) Error() string {
	return fmt.Sprintf("plugin %s is not trusted: %s (%s)", e.Path, e.Reason, e.Mend)
}

// Trust decides whether the plugin at path may be executed. program is the path of the cordboard program: a plugin in its
// directory and of its owner is trusted without a pin. Where there is a pin, the file's content is compared with it
// when the file is opened to be executed, wherever it lies.
func Trust(path, program string, lock Lock) (Trusted, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Trusted{}, err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Trusted{}, err
	}
	if err := othersWrite(path, target); err != nil {
		return Trusted{}, err
	}
	t := Trusted{Path: path, Why: "beside the cordboard program"}
	if pin, ok := lock.Find(filepath.Base(path)); ok {
		t.sha256, t.Why = pin.SHA256, "pinned"
		return t, nil
	}
	if filepath.Dir(path) == filepath.Dir(program) && sameOwner(program, path, target) {
		return t, nil
	}
	return Trusted{}, &UntrustedError{path, "it is not pinned", "cordboard plugins trust " + path}
}

// othersWrite refuses a plugin that others could exchange: its file, the directory of the file, and that of the symbolic
// link by which it was found.
func othersWrite(path, target string) error {
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	_, open := owner(info)
	for _, name := range []string{filepath.Dir(path), filepath.Dir(target)} {
		dir, err := os.Stat(name)
		if err != nil {
			return err
		}
		if _, dirOpen := owner(dir); dirOpen && dir.Mode()&fs.ModeSticky == 0 {
			open = true
		}
	}
	if !open {
		return nil
	}
	mend := "chmod go-w " + target + " " + filepath.Dir(target)
	if filepath.Dir(path) != filepath.Dir(target) {
		mend += " " + filepath.Dir(path)
	}
	return &UntrustedError{path, "others may write the file or its directory", mend}
}

// sameOwner reports whether these files belong to whom the program belongs to. A link counts by itself: in a sticky directory
// anybody may lay one to a file of the owner's.
func sameOwner(program string, files ...string) bool {
	self, err := os.Stat(program)
	if err != nil {
		return false
	}
	want, _ := owner(self)
	for _, name := range files {
		info, err := os.Lstat(name)
		if err != nil {
			return false
		}
		if uid, _ := owner(info); uid != want {
			return false
		}
	}
	return true
}

// TrustPinned returns the trust in a file that a person vouches for just now, and its pin.
func TrustPinned(path string) (Trusted, Pin, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Trusted{}, Pin{}, err
	}
	sum, err := hashFile(path)
	if err != nil {
		return Trusted{}, Pin{}, err
	}
	return Trusted{Path: path, sha256: sum, Why: "pinned"}, Pin{Name: filepath.Base(path), SHA256: sum}, nil
}

// Check opens the file and compares it with its pin.
func (t Trusted) Check() error {
	f, err := t.open()
	if err != nil {
		return err
	}
	return f.Close()
}

// open opens the file for execution; what is pinned must have the pinned content.
func (t Trusted) open() (*os.File, error) {
	f, err := os.Open(t.Path)
	if err != nil || t.sha256 == "" {
		return f, err
	}
	sum, err := hashOf(f)
	if err == nil && sum != t.sha256 {
		err = &UntrustedError{
			t.Path, fmt.Sprintf("its checksum %.12s… differs from the pinned %.12s…: the file has changed since it was trusted", sum, t.sha256),
			"if you changed it: cordboard plugins trust " + t.Path,
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return hashOf(f)
}

func hashOf(f *os.File) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	_, err := f.Seek(0, io.SeekStart)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// Find lists the plugins' files in these directories, those of earlier ones first; a name that was found already is left
// out. A directory that is not there is passed over.
func Find(dirs ...string) ([]string, error) {
	var found []string
	names := map[string]bool{}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) || dir == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), Prefix) || names[e.Name()] || e.IsDir() {
				continue
			}
			if info, err := e.Info(); err != nil || !canExecute(info) {
				continue
			}
			names[e.Name()] = true
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	return found, nil
}

func canExecute(info fs.FileInfo) bool { return info.Mode()&0o111 != 0 || !info.Mode().IsRegular() }

// Overlooked are the files in these directories that have a plugin's name and that Find passes over, with the reason.
// Descriptor files (.jsonl) are none of them.
func Overlooked(dirs ...string) map[string]string {
	overlooked, first := map[string]string{}, map[string]string{}
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir) // Find tells what keeps a directory from being read
		for _, e := range entries {
			name, path := e.Name(), filepath.Join(dir, e.Name())
			if !strings.HasPrefix(name, Prefix) || strings.HasSuffix(name, ".jsonl") || first[name] == path {
				continue
			}
			info, err := e.Info()
			switch {
			case err != nil:
				overlooked[path] = err.Error()
			case e.IsDir():
				overlooked[path] = "it is a directory"
			case !canExecute(info):
				overlooked[path] = "it is not executable: chmod +x " + path
			case first[name] != "":
				overlooked[path] = "hidden by " + first[name] + ", which has the same name"
			default:
				first[name] = path
			}
		}
	}
	return overlooked
}
