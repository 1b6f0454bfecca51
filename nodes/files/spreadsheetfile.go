package files

import (
	"context"
	"strings"

	"github.com/cordboard/cordboard/nodes"
)

// spreadsheetFile reads and writes spreadsheets (n8n's older node for it).
type spreadsheetFile struct{}

var _ nodes.Node = spreadsheetFile{}

// Execute is nodes.Node's.
func (spreadsheetFile) Execute(ctx context.Context, call *nodes.Call) error {
	p := &params{call: call}
	operation := p.option("fromFile", []string{"operation"}, "fromFile", "toFile")
	format := p.text("", "fileFormat")
	if p.err != nil {
		return p.err
	}
	if operation == "toFile" {
		return whole(call, nil, func() (string, nodes.File, error) {
			format := p.option("xls", []string{"fileFormat"}, "csv", "html", "ods", "rtf", "xls", "xlsx")
			if p.err != nil {
				return "", nodes.File{}, p.err
			}
			return toTable(ctx, call, format, "spreadsheet")
		})
	}
	return each(ctx, call, func(ctx context.Context, call *nodes.Call, i int) error {
		return rowsOf(ctx, call, i, func(p *params, f nodes.File, emit func(json string) error) error {
			// Version 1 reads CSV as it does all other formats.
			isCSV := format == "csv" || (format == "" || format == "autodetect") && isCSVType(f)
			if call.Version >= 2 && isCSV {
				o := readCSVOptions(p)
				if format != "csv" { // these options are not in force then
					o.delimiter, o.relaxQuotes, o.fromLine, o.maxRecords, o.skipErrors = ",", false, 1, -1, false
					o.encoding, o.stripBOM = "utf-8", false
				}
				return csvFileItems(ctx, p, f, o, emit)
			}
			o := readSheetOptions(p)
			if p.err != nil {
				return p.err
			}
			if call.Version < 2 {
				return readWorkbook(ctx, call, f, o, emit)
			}
			if format == "" {
				format = "autodetect"
			}
			return workbookItems(ctx, call, f, format, o, emit)
		})
	})
}

func isCSVType(f nodes.File) bool {
	mimeType, _, _ := strings.Cut(f.MimeType, ";")
	return mimeType == "text/csv"
}
