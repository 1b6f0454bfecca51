package remote_test

const (
	reset   = "n8n takes this server's no for a lost connection; here folders that are not there are made, as n8n does where a server says 553 and with SFTP, or the server's words are told"
	refuses = "n8n refuses the workflow for its empty parameter; here the node fails"
)

// skipped are the cases that are not met, each with the reason.
var skipped = map[string]string{
	"ftp/ftp-upload-new-folders": reset,
	"ftp/ftp-upload-on-folder":   reset,
	"ftp/ftp-upload-under-file":  reset,
	"ssh/folder-empty":           refuses,
	"ssh/upload-no-path":         refuses,
}
