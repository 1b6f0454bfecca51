package mail_test

const (
	noSender   = "n8n sends a mail without a sender; here the error says that there is none"
	lineBreak  = "n8n makes other addresses of one with a line break; here it is an error"
	ownWords   = "what is wrong is said in other words"
	unverified = "what is wrong with the certificate is said in other words"
)

// skipped are the recorded cases that are not met, each with the reason.
var skipped = map[string]string{
	"bad-from": noSender, "no-from": noSender,
	"inject-from": lineBreak, "inject-to": lineBreak, "inject-reply": lineBreak,
	"auth-user-only-asked": ownWords,
	"tls-refused":          unverified, "starttls-refused": unverified,
}
