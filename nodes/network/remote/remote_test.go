package remote_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/credentials"
	"github.com/cordboard/cordboard/internal/dbtest"
	"github.com/cordboard/cordboard/internal/golden"
	"github.com/cordboard/cordboard/nodes/network/remote"
	"github.com/cordboard/cordboard/runtime"
)

func TestMain(m *testing.M) { golden.Main(m) }

// TestCases runs the cases of testdata, each on a folder of its own. They were recorded from n8n 2.40.7 by record.mjs, which
// says what is in a case.
func TestCases(t *testing.T) {
	servers := start(t)
	cases := golden.Files(t)
	want := map[string]string{}
	for name, file := range cases {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		makeTree(t, servers.folder(name))
		want[name] = sized(t, servers.fill(name, string(text)))
	}
	t.Chdir(t.TempDir()) // where the cases are with what is here in place of the words that stand for it
	before := map[string]map[string]string{}
	for name, text := range want {
		before[name] = tree(t, servers.folder(name))
		path := filepath.Join("testdata", name+".json")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	passed := t.Run("answers", func(t *testing.T) {
		golden.Run(t, golden.Suite{Types: remote.Nodes(remote.Options{}), Options: runtime.Options{Credentials: servers.credentials(t)}, Skipped: skipped, Least: 175})
	})
	if !passed {
		return // what it left is not what it should be
	}
	for name, text := range want {
		if got, then := change(t, before[name], tree(t, servers.folder(name))), gjson.Get(text, "then").Raw; skipped[name] == "" && got != then {
			t.Errorf("%s\nleft %s\nwant %s", name, got, then)
		}
	}
}

// TestDescriptors: what the cases set, the descriptors know.
func TestDescriptors(t *testing.T) {
	t.Parallel()
	golden.Descriptors(t, remote.Nodes(remote.Options{}))
}

// TestRecord records the cases that have no "want", where n8n is there (record.mjs).
func TestRecord(t *testing.T) {
	if os.Getenv("N8N_REFERENCE_HOME") == "" {
		t.Skip("there is no n8n to record from: set N8N_REFERENCE_HOME")
	}
	servers := start(t)
	for name := range golden.Files(t) {
		makeTree(t, servers.folder(name))
	}
	all, err := json.Marshal(servers.fields)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "testdata/record.mjs")
	cmd.Env = append(os.Environ(), "CREDENTIALS="+string(all), "ROOT="+servers.root)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

// servers are those that the cases talk to.
type servers struct {
	root   string // has a folder for each case
	ssh    *dbtest.SSHServer
	ftp    *dbtest.FTPServer
	fields map[string]map[string]any // of the credentials by name
	types  map[string]string
}

func start(t *testing.T) servers {
	t.Helper()
	s := servers{ssh: dbtest.SSHD(t), ftp: dbtest.FTP(t), fields: map[string]map[string]any{}, types: map[string]string{}}
	s.root = s.ftp.Home
	add := func(name, kind string, fields map[string]any) {
		fields["host"] = "127.0.0.1"
		s.fields[name], s.types[name] = fields, kind
	}
	add("key", "sshPrivateKey", map[string]any{"port": s.ssh.Port, "username": s.ssh.User, "privateKey": s.ssh.Key})
	add("encrypted", "sshPrivateKey", map[string]any{"port": s.ssh.Port, "username": s.ssh.User, "privateKey": s.ssh.EncryptedKey, "passphrase": s.ssh.Passphrase})
	add("refused", "sshPassword", map[string]any{"port": s.ssh.Port, "username": s.ssh.User, "password": "wrong words"})
	add("password", "sshPassword", map[string]any{"port": s.ftp.SFTP, "username": s.ftp.User, "password": s.ftp.Password})
	add("sftp", "sftp", map[string]any{"port": s.ssh.Port, "username": s.ssh.User, "password": "", "privateKey": s.ssh.Key, "passphrase": ""})
	add("sftpPassword", "sftp", map[string]any{"port": s.ftp.SFTP, "username": s.ftp.User, "password": s.ftp.Password})
	add("sftpRefused", "sftp", map[string]any{"port": s.ftp.SFTP, "username": s.ftp.User, "password": "wrong words"})
	add("ftp", "ftp", map[string]any{"port": s.ftp.Port, "username": s.ftp.User, "password": s.ftp.Password})
	add("ftpRefused", "ftp", map[string]any{"port": s.ftp.Port, "username": s.ftp.User, "password": "wrong words"})
	return s
}

func (s servers) credentials(t *testing.T) *credentials.Set {
	t.Helper()
	set := credentials.NewSet(credentials.NewLeases(t.TempDir()))
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		data, err := json.Marshal(s.fields[name])
		if err != nil {
			t.Fatal(err)
		}
		set.Add(credentials.Credential{ID: name, Name: name, Type: s.types[name], Data: data})
	}
	return set
}

func (s servers) folder(name string) string {
	return filepath.Join(s.root, strings.ReplaceAll(name, "/", "-"))
}

// fill puts what is so here into a case: its folder, and who owns the files.
func (s servers) fill(name, text string) string {
	uid, gid := strconv.Itoa(os.Getuid()), strconv.Itoa(os.Getgid())
	return strings.NewReplacer("ROOT", s.folder(name), "HERE", filepath.Base(s.folder(name)), `"UID"`, uid, `"GID"`, gid, "OWNERS", fmt.Sprintf("%-8s %-8s", uid, gid)).Replace(text)
}

var folderSize = regexp.MustCompile(`"type":"d".*?"size":(4096),.*?"path":"([^"]*)"`)

// sized puts the sizes of folders that they have on this machine's file system into a case.
func sized(t *testing.T, text string) string {
	t.Helper()
	return folderSize.ReplaceAllStringFunc(text, func(m string) string {
		info, err := os.Stat(folderSize.FindStringSubmatch(m)[2])
		if err != nil {
			return m
		}
		m = strings.Replace(m, `"size":4096,`, fmt.Sprintf(`"size":%d,`, info.Size()), 1)
		return strings.Replace(m, "    4096 Jan", fmt.Sprintf("%8d Jan", info.Size()), 1)
	})
}

// makeTree makes the folder of a case with the files that each begins with. All have the same times: the last access lies ahead, so
// that it stays as it is.
func makeTree(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	var bytes strings.Builder
	for i := range 256 {
		bytes.WriteByte(byte(i))
	}
	files := map[string]string{
		"a.txt": "hello\n", "b.json": `{"a":1}`, "bin.dat": bytes.String(), "noext": "plain text", "odd/run": "#!", "with space ü.txt": "sp", "png": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "empty.txt": "",
		"doc.pdf": "%PDF-1.4\n%\xe2\xe3\n", "dir/one.txt": "one", "dir/sub/two.txt": "two", "zdir/three.txt": "three", "it's/x": "x", "chain/link/end.txt": "end", "it's/y z": "y",
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Chmod(filepath.Join(dir, "a.txt"), 0o640), os.Chmod(filepath.Join(dir, "b.json"), 0o644), os.Chmod(filepath.Join(dir, "bin.dat"), 0o755),
		os.Chmod(filepath.Join(dir, "chain/link/end.txt"), 0o604), os.Chmod(filepath.Join(dir, "odd/run"), 0o755|fs.ModeSetuid),
		os.Mkdir(filepath.Join(dir, "void"), 0o755), os.MkdirAll(filepath.Join(dir, "sticky", "all"), 0o755), os.Chmod(filepath.Join(dir, "sticky", "all"), 0o776|fs.ModeSticky),
		os.Chmod(filepath.Join(dir, "zdir"), 0o777|fs.ModeSticky), os.Symlink("a.txt", filepath.Join(dir, "pointer")), os.Symlink("../zdir", filepath.Join(dir, "dir", "way")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return setTimes(path, time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC), at)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tree is what is in a folder: the content of files, where links lead.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name := strings.TrimPrefix(path, dir+"/")
		switch {
		case d.IsDir():
			found[name] = "a folder"
		case d.Type() == fs.ModeSymlink:
			to, err := os.Readlink(path)
			found[name] = "-> " + to
			return err
		default:
			content, err := os.ReadFile(path)
			found[name] = string(content)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// change is what a case did to its folder, in the form of "then".
func change(t *testing.T, before, after map[string]string) string {
	t.Helper()
	diff := struct {
		Made map[string]string `json:"made"`
		Gone []string          `json:"gone"`
	}{map[string]string{}, []string{}}
	for name, content := range after {
		if old, ok := before[name]; !ok || old != content {
			diff.Made[name] = content
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			diff.Gone = append(diff.Gone, name)
		}
	}
	slices.Sort(diff.Gone)
	text, err := json.Marshal(diff)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
