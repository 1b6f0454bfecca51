package pbxsim

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"mime"
	"net/http"
)

// download is a file as an answer.
func download(contentType, name string, body []byte) *reply {
	r := &reply{status: http.StatusOK, contentType: contentType, body: body}
	return r.with("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// file answers the operations whose success is whatever file they stream.
func file(c *call) (*reply, *apiError) {
	switch c.op.ID {
	case "DownloadRecording":
		return download("audio/wav", "recording-"+c.values["recId"].text+".wav", wav()), nil
	case "DownloadGreeting", "DownloadPlaylistFile":
		name := c.values["fileName"].text
		if name == "" {
			name = "greeting.wav"
		}
		return download("audio/wav", name, wav()), nil
	case "ExportTrunk":
		return download("application/zip", "trunk-"+c.values["Id"].text+".zip", zipped("trunk.xml", "<Trunk Sample=\"true\"/>\n")), nil
	case "ExportCallCosts":
		return csvFile("callcosts.csv", "Prefix,Country,Rate\r\n44,United Kingdom,0.05\r\n1,United States,0.02\r\n"), nil
	case "ExportContacts":
		return csvFile("contacts.csv", "FirstName,LastName,Mobile\r\nNora,North,+441632960011\r\n"), nil
	case "DownloadEventLogs":
		return csvFile("events.csv", "Id,Type,Message\r\n1,Info,Sample event\r\n"), nil
	case "GetDialPlanScript", "GetMapUsersScript":
		return download("text/plain; charset=utf-8", c.op.ID+".ps1", []byte("# sample script: does nothing\r\n")), nil
	case "GenerateIamPolicyFile":
		return download("application/json", "policy.json", []byte(`{"Version":"2012-10-17","Statement":[]}`)), nil
	}
	return download("application/octet-stream", c.op.ID+".bin", []byte("sample\n")), nil
}

func csvFile(name, text string) *reply {
	return download("text/csv; charset=utf-8", name, []byte(text))
}

// wav is a tenth of a second of silence: 8 kHz, 8 bit, mono.
func wav() []byte {
	const rate, samples = 8000, 800
	var b bytes.Buffer
	le := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.LittleEndian, v) // a bytes.Buffer takes everything
		}
	}
	b.WriteString("RIFF")
	le(uint32(36 + samples))
	b.WriteString("WAVEfmt ")
	le(uint32(16), uint16(1), uint16(1), uint32(rate), uint32(rate), uint16(1), uint16(8))
	b.WriteString("data")
	le(uint32(samples))
	b.Write(bytes.Repeat([]byte{0x80}, samples))
	return b.Bytes()
}

func zipped(name, text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	// Writing to a bytes.Buffer does not fail.
	if w, err := z.Create(name); err == nil {
		_, _ = w.Write([]byte(text))
	}
	_ = z.Close()
	return b.Bytes()
}
