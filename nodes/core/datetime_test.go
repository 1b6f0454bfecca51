package core

import (
	"context"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cordboard/cordboard/nodes"
)

// clockEngine stands still, in a zone.
type clockEngine struct {
	nodes.Engine
	now  time.Time
	zone *time.Location
}

func (e clockEngine) Now() time.Time           { return e.now }
func (e clockEngine) Location() *time.Location { return e.zone }

// TestCurrentDate: the current date is in the workflow's zone or the one that is asked for.
func TestCurrentDate(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	engine := clockEngine{now: time.Date(2024, 7, 1, 22, 30, 0, 5e6, time.UTC), zone: berlin}
	for params, want := range map[string]string{
		`{}`: `{"currentDate":"2024-07-02T00:30:00.005+02:00"}`,
		`{"operation":"getCurrentDate","includeTime":false}`:                                  `{"currentDate":"2024-07-02T00:00:00.000+02:00"}`,
		`{"options":{"timezone":"America/New_York"}}`:                                         `{"currentDate":"2024-07-01T18:30:00.005-04:00"}`,
		`{"includeTime":false,"options":{"timezone":"America/New_York"}}`:                     `{"currentDate":"2024-07-01T00:00:00.000-04:00"}`,
		`{"outputFieldName":"x.y","options":{"includeInputFields":true}}`:                     `{"a":1,"x.y":"2024-07-02T00:30:00.005+02:00"}`,
		`{"options":{"timezone":false}}`:                                                      `{"currentDate":"2024-07-02T00:30:00.005+02:00"}`,
		`{"options":{"timezone":true}}`:                                                       "The timezone true is not valid. Please check the timezone.",
		`{"options":{"timezone":"Nowhere/Land"}}`:                                             "The timezone Nowhere/Land is not valid. Please check the timezone.",
		`{"operation":"addToDate","magnitude":"2024-03-30T12:00:00+01:00","duration":1}`:      `{"newDate":"2024-03-31T12:00:00.000+02:00"}`,
		`{"operation":"addToDate","magnitude":"1711792800","timeUnit":"hours","duration":24}`: `{"newDate":"2024-03-31T12:00:00.000+02:00"}`,
	} {
		template, errs := nodes.CompileTemplate(gjson.Parse(params), nil)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		call := &nodes.Call{Version: 2, Params: template, Engine: engine, Inputs: []nodes.Items{nodes.ItemsOf(nodes.NewItem(`{"a":1}`))}}
		got := ""
		if err := (dateTime{}).Execute(context.Background(), call); err != nil {
			got = nodes.AsError(err).Message
		} else {
			outputs, _, _ := call.Outcome()
			got = outputs[0].At(0).JSON()
		}
		if got != want {
			t.Errorf("%s: %s; want %s", params, got, want)
		}
	}
}

// TestStrictForm: the pattern of a format is made once for all items.
func TestStrictForm(t *testing.T) {
	t.Parallel()
	var s strictForm
	if !s.fits("2026-03-04", "YYYY-MM-DD") || s.fits("2026-3-4", "YYYY-MM-DD") {
		t.Error("YYYY-MM-DD is not read strictly")
	}
	first := s.pattern
	if s.fits("x", "YYYY-MM-DD"); s.pattern != first {
		t.Error("the pattern is made anew")
	}
	if !s.fits("4.3.26", "D.M.YY") || s.pattern == first {
		t.Error("another format has the pattern of the one before")
	}
}
