package dbtest

import (
	"fmt"
	"os"
	"os/user"
	"testing"

	"github.com/cordboard/cordboard/internal/loopback"
)

// FTPServer is ProFTPD, with a user of its own that acts as the one who runs the tests.
type FTPServer struct {
	// Port speaks FTP, and TLS on request; Implicit is all TLS; SFTP is file transfer over SSH.
	Port, Implicit, SFTP int
	User, Password       string
	// Home is where the user is after the login, an empty folder.
	Home string
}

// ftpHash is crypt(3) of FTPServer.Password.
const ftpHash = "$6$yGxmnX2J66tqg8oq$dQ6A97eVzGxh4CefpzVe8Y5hOY9XF32C.E0J3o/5YWwjFAyHpEBWmNVTrbFIq11NUS/sP0EWdDxeSarfkWhDO/"

// FTP starts ProFTPD on 127.0.0.1.
func FTP(t testing.TB) *FTPServer {
	t.Helper()
	program := loopback.Find(t, "proftpd", "proftpd-core proftpd-mod-crypto")
	dir := loopback.Folder(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	s := &FTPServer{Port: loopback.Port(t), Implicit: loopback.Port(t), SFTP: loopback.Port(t), User: "ann", Password: "pass word", Home: dir + "/home"}
	if err := os.Mkdir(s.Home, 0o700); err != nil {
		t.Fatal(err)
	}
	_, hostKey := sshKey(t)
	write(t, dir, "host", keyText(t, hostKey, ""))
	pair := certificate(t, dir)
	write(t, dir, "users", fmt.Sprintf("%s:%s:%s:%s::%s:/bin/sh\n", s.User, ftpHash, me.Uid, me.Gid, s.Home))
	config := write(t, dir, "config", fmt.Sprintf(ftpConfig, s.Port, me.Username, group.Name, dir, s.Implicit, s.SFTP, pair))
	loopback.Serve(t, loopback.Command(nil, program, "-n", "-c", config), s.Port, s.Implicit, s.SFTP)
	return s
}

// ftpConfig takes the port, the user and the group to run as, the folder, the ports of the two other servers, and the file with the certificate.
const ftpConfig = `LoadModule mod_tls.c
LoadModule mod_sftp.c
ServerType standalone
DefaultAddress 127.0.0.1
SocketBindTight on
Port %[1]d
User %[2]s
Group %[3]s
UseIPv6 off
UseReverseDNS off
PidFile %[4]s/pid
ScoreboardFile %[4]s/score
ControlsEngine off
<Global>
  AuthOrder mod_auth_file.c
  AuthUserFile %[4]s/users
  AuthPAM off
  RequireValidShell off
  RootLogin on
  UseFtpUsers off
  WtmpLog off
  TransferLog none
  AllowOverwrite on
  DirFakeUser on ftp
  DirFakeGroup on ftp
</Global>
DelayEngine off
TLSEngine on
TLSRequired off
TLSECCertificateFile %[7]s
TLSECCertificateKeyFile %[7]s
<VirtualHost 127.0.0.1>
  Port %[5]d
  TLSEngine on
  TLSRequired on
  TLSOptions UseImplicitSSL
  TLSECCertificateFile %[7]s
  TLSECCertificateKeyFile %[7]s
</VirtualHost>
<VirtualHost 127.0.0.1>
  Port %[6]d
  SFTPEngine on
  SFTPHostKey %[4]s/host
</VirtualHost>
`
